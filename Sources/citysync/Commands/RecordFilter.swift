import ArgumentParser

/// Which records a list or an export has.
struct RecordFilter: ParsableArguments {
    @Option(help: ArgumentHelp("Only of this item.", valueName: "CODE"))
    var item: String?

    @Option(help: ArgumentHelp("Only with this home.", valueName: "MEMBER"))
    var home: String?

    @Option(help: ArgumentHelp("Only at this stage.", valueName: "STAGE"))
    var stage: String?

    @Option(help: ArgumentHelp("Only held by this member.", valueName: "MEMBER"))
    var holder: String?

    @Option(
        help: ArgumentHelp("Only of this subject, such as an identity number.", valueName: "VALUE")
    )
    var subject: String?

    @Option(help: ArgumentHelp("Only changed after this time (RFC 3339).", valueName: "TIME"))
    var updatedAfter: String?

    var query: [(String, String?)] {
        [
            ("item", item), ("home", home), ("stage", stage), ("holder", holder),
            ("subject", subject), ("updatedAfter", updatedAfter),
        ]
    }
}
