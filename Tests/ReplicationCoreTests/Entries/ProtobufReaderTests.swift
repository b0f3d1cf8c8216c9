import AllianceModel
import Testing

@testable import ReplicationCore

@Suite struct ProtobufReaderTests {
    private func read(_ hex: String) throws -> (numbers: [UInt64], isMalformed: Bool) {
        let bytes = try #require(Hexadecimal.decode(hex))
        var reader = ProtobufReader(bytes[...])
        var numbers: [UInt64] = []
        while let (number, _) = reader.next() { numbers.append(number) }
        return (numbers, reader.isMalformed)
    }

    @Test(
        arguments: [
            ("", []), ("0801", [1]), ("0801120161", [1, 2]), ("090000000000000000", [1]),
            ("0d00000000", [1]), ("f8ffffff0f00", [536_870_911]), ("1200", [2]),
        ] as [(String, [UInt64])]
    )
    func `fields are read one after another`(hex: String, numbers: [UInt64]) throws {
        let read = try read(hex)
        #expect(read.numbers == numbers)
        #expect(!read.isMalformed)
    }

    @Test(arguments: [
        "08", "0880", "088000", "08ffffffffffffffffff02", "08ffffffffffffffffffff01", "1202" + "61",
        "12ffffffffffffffffff01", "0900", "0d00", "0001", "0b", "0c", "0e", "0f", "8801",
        "8080808010" + "00",
    ])
    func `what does not parse ends the reading`(hex: String) throws {
        #expect(try read(hex).isMalformed)
    }

    @Test func `order and repetition are told`() throws {
        let bytes = try #require(Hexadecimal.decode("08011001100208" + "01"))
        var reader = ProtobufReader(bytes[...])
        var repeated: [Bool] = []
        while reader.next() != nil { repeated.append(reader.isRepeated) }
        #expect(repeated == [false, false, true, false])
        #expect(!reader.isAscending)
    }

    @Test(arguments: [0, 1, -1, 63, -64, .max, .min] as [Int64])
    func `signed numbers come back`(number: Int64) throws {
        var writer = ProtobufWriter()
        writer.signed(1, number)
        var reader = ProtobufReader(writer.bytes[...])
        guard case (1, .varint(let raw))? = reader.next() else {
            Issue.record("no number")
            return
        }
        #expect(ProtobufReader.signed(raw) == number)
    }

    @Test func `ten thousand random messages trap nothing and end`() {
        var random = SplitMix(seed: 2)
        for _ in 0..<10_000 {
            let count = Int.random(in: 0...40, using: &random)
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            var reader = ProtobufReader(bytes[...])
            var fields = 0
            while reader.next() != nil { fields += 1 }
            #expect(fields <= count)
        }
    }
}
