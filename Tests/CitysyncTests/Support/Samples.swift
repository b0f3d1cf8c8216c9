@testable import citysync

/// Documents as a node sends them.
enum Samples {
    /// The alliance of the page that fixes the layout of `status`.
    static let status = """
        {"schema":"citysync.status/1",
         "node":{"member":"350100","name":{"zh":"福州","en":"Fuzhou"},"version":"1.0.0","incarnation":7,
                 "upSeconds":1040000},
         "alliance":{"name":"fuzhou-metro","roster":"3f9a2c5511aa","members":5,"itemsEffective":11},
         "health":{"state":"critical","findings":[
           {"severity":"critical","code":"conflicts",
            "subject":"350100.0192f0c4-7abc-7def-8123-456789abcdef",
            "text":"bankAccount waits for 350300 since 2d","remedy":"citysync conflicts show c-9f31a2"},
           {"severity":"warning","code":"certificate","subject":"350900","text":"expires in 9d",
            "remedy":"that city: Certs/ca request, issue"},
           {"severity":"warning","code":"peer","subject":"350700","text":"unreachable for 6h",
            "remedy":"connect_timeout 10.1.2.7:7420"}]},
         "peers":[
           {"member":"350128","name":{"zh":"平潭","en":"Pingtan"},"state":"current",
            "toSend":{"count":0,"oldestSeconds":null},"toApply":{"count":0,"oldestSeconds":null},
            "lastOkSeconds":0,"skewMilliseconds":2,"certificateDays":340,"reason":null},
           {"member":"350300","name":{"zh":"莆田","en":"Putian"},"state":"current",
            "toSend":{"count":0,"oldestSeconds":null},"toApply":{"count":0,"oldestSeconds":null},
            "lastOkSeconds":1,"skewMilliseconds":12,"certificateDays":212,"reason":null},
           {"member":"350700","name":{"zh":"南平","en":"Nanping"},"state":"unreachable",
            "toSend":{"count":1204,"oldestSeconds":21600},
            "toApply":{"count":null,"oldestSeconds":null},
            "lastOkSeconds":21600,"skewMilliseconds":null,"certificateDays":88,
            "reason":{"code":"connect_timeout","owner":null,"nextTrySeconds":40}},
           {"member":"350900","name":{"zh":"宁德","en":"Ningde"},"state":"behind",
            "toSend":{"count":41,"oldestSeconds":130},"toApply":{"count":0,"oldestSeconds":null},
            "lastOkSeconds":130,"skewMilliseconds":800,"certificateDays":9,
            "reason":{"code":"definition_unknown GJJ-07 v2","owner":"350900","nextTrySeconds":null}}]}
        """

    static let statusTable = """
        ALLIANCE fuzhou-metro  roster 3f9a2c (5 members)  items 11 effective  NODE 350100 福州 1.0.0  up 12d
        HEALTH CRITICAL  1 critical 2 warnings
         CRIT conflicts   350100.0192… bankAccount waits for 350300 since 2d     citysync conflicts show c-9f31a2
         WARN certificate 350900 expires in 9d                                   that city: Certs/ca request, issue
         WARN peer        350700 unreachable for 6h                              connect_timeout 10.1.2.7:7420
        PEER         STATE        TO-SEND       TO-APPLY  LAST-OK  SKEW   CERT  REASON (who must act, next try)
        350128 平潭  current      0             0         0s       +2ms   340d  -
        350300 莆田  current      0             0         1s       +12ms  212d  -
        350700 南平  unreachable  1204 (6h)     ?         6h       ?      88d   connect_timeout (retry 40s)
        350900 宁德  behind       41 (2m10s)    0         2m       +0.8s  9d    definition_unknown GJJ-07 v2 (350900)

        """

    /// A healthy node with these peers, each `state` with both counts as given.
    static func status(
        health: String = "ok",
        peers: [(member: String, state: String, send: Int?, apply: Int?)] = []
    ) -> String {
        func count(_ value: Int?) -> String { value.map(String.init) ?? "null" }
        let rows = peers.map { peer in
            """
            {"member":"\(peer.member)","name":{"zh":"莆田","en":"Putian"},"state":"\(peer.state)",\
            "toSend":{"count":\(count(peer.send)),"oldestSeconds":null},\
            "toApply":{"count":\(count(peer.apply)),"oldestSeconds":null},\
            "lastOkSeconds":3,"skewMilliseconds":-4,"certificateDays":90,"reason":null}
            """
        }
        return """
            {"schema":"citysync.status/1","node":{"member":"350100","name":{"zh":"福州","en":"Fuzhou"},\
            "version":"1.0.0","incarnation":1,"upSeconds":5},\
            "alliance":{"name":"fuzhou-metro","roster":"3f9a2c","members":2,"itemsEffective":0},\
            "health":{"state":"\(health)","findings":[]},"peers":[\(rows.joined(separator: ","))]}
            """
    }

    static func document(_ json: String) throws -> StatusDocument {
        try StatusDocument(Array(json.utf8))
    }

    /// An item with a field of every kind that the command line treats differently.
    static let item = """
        {"item":"GJJ-07","version":1,"state":"effective","definitionDigest":"ab12cd34ef56ab12",
         "definition":{"item":"GJJ-07","version":1,"name":{"zh":"租赁商品房提取","en":"Withdrawal for rent"},
           "effective":null,"class":"normal","subject":"applicantId","unique":[],"deletion":"revive",
           "workflow":{"stages":["accepted","closed"],
             "transitions":[{"from":"accepted","to":"closed","by":"holder","hand":true}]},
           "fields":{
             "applicantId":{"type":"identity","merge":"latest","authority":"accepting","scope":"parties",
                            "required":true,"sensitive":true},
             "monthlyRent":{"type":"decimal","scale":2,"unit":"CNY","merge":"latest",
                            "authority":"holder","scope":"parties","sensitive":false},
             "months":{"type":"integer","merge":"latest","authority":["350100","350300"],
                       "scope":"alliance"},
             "urgent":{"type":"boolean","merge":"latest","authority":"any","scope":"alliance"},
             "materials":{"type":"set","of":"text","merge":"union","authority":"any","scope":"parties"},
             "trips":{"type":"counter","merge":"sum","authority":"any","scope":"alliance"}}},
         "proposals":[{"digest":"77aa77aa77aa77aa","proposer":"350100","definitionDigest":"ab12cd34ef56ab12",
           "approvals":[{"member":"350100","time":"2026-01-01T00:00:00.000Z"}]}]}
        """

    static let recordID = "350100.0192f0c4-7abc-7def-8123-456789abcdef"

    static let record = """
        {"id":"\(recordID)","item":"GJJ-07","version":1,"home":"350128","accepting":"350100",
         "parties":["350300"],"stage":"accepted","holder":"350100","turn":0,
         "fields":{"applicantId":"11010519491231002X","monthlyRent":"1800.00","months":12,
           "urgent":null,"materials":["lease"],"trips":0},
         "conflicts":[],"created":"2026-01-01T00:00:00.000Z","updated":"2026-01-02T00:00:00.000Z",
         "deleted":null}
        """

    /// A node in `folder`, whose addresses are free on any machine.
    static func configuration(_ folder: String) -> String {
        """
        member: "350100"
        data: data
        alliance: alliance.yaml
        peers:
          listen: "127.0.0.1:0"
          certificate: node.pem
          key: node.key
          authority: ca.pem
          revocations: ca.crl
        api: { listen: "127.0.0.1:0", socket: "\(folder)/api.sock", tokens: tokens.yaml }
        """
    }

    /// A peer where nobody listens, and one without an address.
    static let alliance = """
        alliance: fuzhou-metro
        trustDomain: fuzhou-metro.example
        agreement: all
        members:
          - { code: "350100", name: { zh: 福州, en: Fuzhou } }
          - { code: "350128", name: { zh: 平潭, en: Pingtan } }
          - { code: "350300", name: { zh: 莆田, en: Putian }, address: "127.0.0.1:1" }
        """
}
