// swift-tools-version: 6.2
import PackageDescription

/// One rule set for every target of ours: the language's own checks, none of them optional.
let house: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

let nio = "swift-nio"

/// A room: a library target of this package.
func room(
    _ name: String,
    _ dependencies: [Target.Dependency],
    exclude: [String] = [],
    resources: [Resource] = []
) -> Target {
    .target(
        name: name,
        dependencies: dependencies,
        exclude: exclude,
        resources: resources,
        swiftSettings: house
    )
}

func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, swiftSettings: house)
}

func tests(
    _ name: String,
    _ dependencies: [Target.Dependency],
    exclude: [String] = []
) -> Target {
    .testTarget(
        name: name,
        dependencies: dependencies,
        exclude: exclude,
        swiftSettings: house
    )
}

let package = Package(
    name: "citysync",
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // What cities agree on, and the rules of replication: values and decisions, no effects.
        room("AllianceModel", []),
        room("ReplicationCore", ["AllianceModel"]),

        // Values to and from files, bytes and disk.
        room(
            "AllianceFiles",
            ["AllianceModel", .product(name: "Yams", package: "Yams")]
        ),
        room(
            "ReplicationWire",
            [
                "AllianceModel", "ReplicationCore",
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ],
            exclude: ["Schema"]
        ),
        room(
            "NodeStore",
            [
                "AllianceModel", "ReplicationCore", "ReplicationWire",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ],
            resources: [.embedInCode("SQL")]
        ),
        .systemLibrary(
            name: "COpenSSL",
            pkgConfig: "openssl",
            providers: [.apt(["libssl-dev"])]
        ),
        room(
            "SecureTransport",
            [
                "AllianceModel", "COpenSSL",
                .product(name: "NIOCore", package: nio),
            ]
        ),

        // Where core, store and transport meet, and what others see of it.
        room(
            "NodeRuntime",
            [
                "AllianceModel", "AllianceFiles", "ReplicationCore", "ReplicationWire", "NodeStore",
                "SecureTransport",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: nio),
                .product(name: "NIOPosix", package: nio),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]
        ),
        room(
            "NodeAPI",
            [
                "AllianceModel", "AllianceFiles", "NodeRuntime", "NodeStore", "ReplicationCore",
                "SecureTransport",
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: nio),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            resources: [.embedInCode("Resources")]
        ),

        // Judging and driving whole alliances.
        room("ClusterChecker", ["AllianceModel"]),
        room(
            "ClusterSimulation",
            [
                "AllianceModel", "ClusterChecker", "COpenSSL", "NodeStore", "ReplicationCore",
                "ReplicationWire",
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ]
        ),
        room(
            "ClusterHarness",
            [
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: nio),
                .product(name: "NIOHTTP1", package: nio),
                .product(name: "NIOPosix", package: nio),
            ]
        ),

        program(
            "citysyncd",
            [
                "AllianceFiles", "AllianceModel", "NodeAPI", "NodeRuntime",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ]
        ),
        program(
            "citysync",
            [
                "AllianceModel", "AllianceFiles", "NodeStore", "SecureTransport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: nio),
                .product(name: "NIOHTTP1", package: nio),
                .product(name: "NIOPosix", package: nio),
            ]
        ),
        program("citysync-demo", ["ClusterHarness"]),
        program(
            "citysync-sim",
            [
                "ClusterSimulation",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]
        ),
        program(
            "citysync-bench",
            [
                "ClusterHarness",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
                .product(name: "Histogram", package: "hdrhistogram-swift"),
                .product(name: "NIOCore", package: nio),
                .product(name: "NIOPosix", package: nio),
                .product(name: "NIOHTTP1", package: nio),
            ]
        ),

        // One target a room, and those that run whole nodes.
        tests("AllianceModelTests", ["AllianceModel"]),
        tests("AllianceFilesTests", ["AllianceModel", "AllianceFiles"]),
        tests(
            "ReplicationCoreTests",
            ["AllianceModel", "ClusterChecker", "ReplicationCore", "SecureTransport"]
        ),
        tests(
            "ReplicationWireTests",
            [
                "AllianceModel", "ReplicationCore", "ReplicationWire", "SecureTransport",
                .product(name: "SwiftProtobuf", package: "swift-protobuf"),
            ]
        ),
        tests(
            "NodeStoreTests",
            [
                "AllianceModel", "ReplicationCore", "ReplicationWire", "NodeStore",
                "SecureTransport",
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
            ]
        ),
        tests(
            "SecureTransportTests",
            [
                "AllianceModel", "COpenSSL", "SecureTransport",
                .product(name: "NIOCore", package: nio),
                .product(name: "NIOEmbedded", package: nio),
                .product(name: "NIOPosix", package: nio),
            ]
        ),
        tests(
            "NodeRuntimeTests",
            [
                "AllianceModel", "AllianceFiles", "ReplicationCore", "NodeStore", "NodeRuntime",
                "SecureTransport",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: nio),
                .product(name: "NIOPosix", package: nio),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]
        ),
        tests(
            "NodeAPITests",
            [
                "AllianceModel", "AllianceFiles", "NodeAPI", "NodeRuntime", "NodeStore",
                "ReplicationCore", "ReplicationWire", "SecureTransport",
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdTesting", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: nio),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]
        ),
        tests(
            "CitysyncTests",
            [
                "citysync", "AllianceFiles", "AllianceModel", "NodeStore", "SecureTransport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "NIOCore", package: nio),
                .product(name: "NIOHTTP1", package: nio),
                .product(name: "NIOPosix", package: nio),
            ]
        ),
        tests("ClusterCheckerTests", ["AllianceModel", "ClusterChecker", "ReplicationCore"]),
        tests(
            "SimulationTests",
            [
                "AllianceModel", "ClusterChecker", "ClusterSimulation", "NodeStore",
                "ReplicationCore", "ReplicationWire",
                // Not linked, but built before the tests run it.
                "citysync-sim",
            ],
            // Read from the sources' folder.
            exclude: ["Scenarios"]
        ),
        tests(
            "ClusterTests",
            [
                "AllianceModel", "ClusterChecker", "ClusterHarness", "SecureTransport",
                // Not linked, but built before the tests run them.
                "citysyncd", "citysync", "citysync-demo",
                .product(name: "NIOCore", package: nio),
                .product(name: "NIOHTTP1", package: nio),
                .product(name: "NIOPosix", package: nio),
            ]
        ),
        tests("TidyTests", []),
    ]
)
