import ArgumentParser
import Testing

@testable import citysync

struct TypedFieldsTests {
    private func fields(_ arguments: [String], creation: Bool) throws -> String {
        let item = try #require(JSON(Array(Samples.item.utf8)))
        let typed = TypedFields(definitions: ItemDocument(item).fields, isCreation: creation)
        return JSON.object(try typed.fields(try FieldOptions.parse(arguments))).text
    }

    @Test(arguments: [
        (["--field", "applicantId=1"], #"{"applicantId":"1"}"#),
        (["--field", "months=12"], #"{"months":12}"#),
        (["--field", "months=-9223372036854775808"], #"{"months":-9223372036854775808}"#),
        (["--field", "monthlyRent=1800.00"], #"{"monthlyRent":"1800.00"}"#),
        (["--field", "urgent=true", "--field", "months=1"], #"{"months":1,"urgent":true}"#),
        (["--field", "applicantId=a=b="], #"{"applicantId":"a=b="}"#),
        (["--field", "applicantId="], #"{"applicantId":""}"#),
        // The node names an unknown field better than a guess would.
        (["--field", "unknown=7"], #"{"unknown":"7"}"#),
    ])
    func `a value gets the type of its field`(_ arguments: [String], _ json: String) throws {
        #expect(try fields(arguments, creation: true) == json)
        #expect(try fields(arguments, creation: false) == json)
    }

    @Test(arguments: [
        (["--add", "materials=a", "--add", "materials=b,c"], #"{"materials":["a","b,c"]}"#),
        (["--field", #"materials=["a"]"#], #"{"materials":["a"]}"#),
        (["--add", "trips=2"], #"{"trips":{"add":2}}"#),
        (["--field", "trips=1"], #"{"trips":{"add":1}}"#),
    ])
    func `a new record takes sets plainly`(_ arguments: [String], _ json: String) throws {
        #expect(try fields(arguments, creation: true) == json)
    }

    @Test(arguments: [
        (
            ["--add", "materials=a", "--remove", "materials=b"],
            #"{"materials":{"add":["a"],"remove":["b"]}}"#
        ),
        (["--remove", "materials=b"], #"{"materials":{"remove":["b"]}}"#),
        (["--add", "trips=-2"], #"{"trips":{"add":-2}}"#),
        (["--clear", "months", "--field", "urgent=false"], #"{"months":null,"urgent":false}"#),
        (["--add", "@parties=350700"], #"{"@parties":{"add":["350700"]}}"#),
        (["--field", "@handling=350700"], #"{"@handling":"350700"}"#),
        (["--rule", "applicantId=7"], #"{"applicantId":{"rule":"7"}}"#),
        (["--rule", "months=7"], #"{"months":{"rule":7}}"#),
    ])
    func `a record that exists is changed by adding and removing`(
        _ arguments: [String],
        _ json: String
    ) throws {
        #expect(try fields(arguments, creation: false) == json)
    }

    @Test(arguments: [
        (["--field", "months=twelve"], true), (["--field", "months=9223372036854775808"], true),
        (["--field", "urgent=yes"], true), (["--field", "months=1", "--field", "months=2"], true),
        (["--field", "months=1", "--clear", "months"], false), (["--clear", "months"], true),
        (["--rule", "months=1"], true), (["--rule", "months=x"], false),
        (["--rule", "months=1", "--field", "months=1"], false),
        (["--remove", "materials=a"], true), (["--add", "monthlyRent=1"], false),
        (["--add", "trips=1", "--add", "trips=2"], false), (["--remove", "trips=1"], false),
        (["--field", #"materials=["a"]"#], false), (["--field", "materials=a"], true),
    ])
    func `what does not fit the field is wrong usage`(_ arguments: [String], _ creation: Bool) {
        #expect { try fields(arguments, creation: creation) } throws: {
            ($0 as? Failure)?.exitStatus == 64
        }
    }
}
