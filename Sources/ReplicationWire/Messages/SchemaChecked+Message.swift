import AllianceModel
import FoundationEssentials
import ReplicationCore
import SwiftProtobuf

extension SchemaCheck {
    init(_ check: Check) {
        self.init()
        number = check.number
        if let bucket = check.bucket { self.bucket = UInt32(bucket) }
    }

    func message() throws(Misfit) -> Check {
        guard hasBucket else { return Check(number: number, bucket: nil) }
        guard let bucket = UInt8(exactly: bucket) else { throw .malformed("bucket is none") }
        return Check(number: number, bucket: bucket)
    }
}

extension SchemaChecked {
    init(_ checked: Checked) {
        self.init()
        number = checked.number
        switch checked.content {
        case .buckets(let digests, let records):
            buckets.digests = digests.map(\.data)
            buckets.records = records
        case .records(let records):
            self.records.records = records.map { record in
                var schema = Record()
                schema.key = Data(record.key)
                schema.digest = record.digest.data
                return schema
            }
        }
    }

    /// Nil for an answer of a later version.
    func message() throws(Misfit) -> Checked? {
        switch content {
        case .buckets(let buckets):
            try check(buckets.digests.count == WireLimits.bucketCount, "not 256 buckets")
            let digests = try buckets.digests.mapped { digest throws(Misfit) in
                try Digest(digest, "digest")
            }
            try check(buckets.records <= WireLimits.sequence, "records is out of range")
            return Checked(number: number, content: .buckets(digests, records: buckets.records))
        case .records(let records):
            let records = try records.records.mapped { record throws(Misfit) in
                try check((1...WireLimits.keyBytes).contains(record.key.count), "key is none")
                return Checked.Record(
                    key: Bytes(record.key),
                    digest: try Digest(record.digest, "digest")
                )
            }
            try check(
                zip(records, records.dropFirst()).allSatisfy {
                    $0.key.lexicographicallyPrecedes($1.key)
                },
                "records are not in key order, each once"
            )
            return Checked(number: number, content: .records(records))
        case nil: return nil
        }
    }
}
