import ClusterHarness

/// Items of the tests.
///
/// The field `mark` is the ledger's name of a record.
enum TestItems {
    /// A plain record that everyone sees.
    static let notice: JSON = [
        "item": "T-NOTICE",
        "version": 1,
        "name": ["zh": "测试通知", "en": "Test notice"],
        "fields": fields(scope: "alliance"),
    ]

    /// A case of two cities.
    static let file: JSON = [
        "item": "T-CASE",
        "version": 1,
        "name": ["zh": "测试事项", "en": "Test case"],
        "subject": "mark",
        "workflow": [
            "stages": ["accepted", "checked", "decided"],
            "transitions": [
                ["from": "accepted", "to": "checked", "by": "holder", "hand": true],
                ["from": "checked", "to": "decided", "by": "holder"],
            ],
        ],
        "fields": fields(scope: "parties"),
    ]

    private static func fields(scope: String) -> JSON {
        func field(_ type: String, _ merge: String, _ scope: String) -> JSON {
            [
                "type": .string(type), "merge": .string(merge), "authority": "any",
                "scope": .string(scope),
            ]
        }
        var materials = field("set", "union", scope)
        materials["of"] = "text"
        return [
            "mark": field("text", "latest", scope),
            "phone": field("text", "latest", scope),
            "materials": materials,
            "note": field("text", "latest", "private"),
        ]
    }
}
