import Testing

@testable import citysync

struct EndpointTests {
    @Test(
        arguments: [
            (nil, "unix:/run/citysync/api.sock"), ("unix:/a/b.sock", "unix:/a/b.sock"),
            ("/a/b.sock", "unix:/a/b.sock"), ("unix:b.sock", "unix:b.sock"),
            ("http://127.0.0.1:7421", "http://127.0.0.1:7421"),
            ("http://[::1]:7421/", "http://[::1]:7421"),
            ("https://sync.example", "https://sync.example"),
        ] as [(String?, String)]
    )
    func `an API is named by URL or socket`(_ text: String?, _ meant: String) throws {
        #expect(try Endpoint(text: text).text == meant)
    }

    @Test(arguments: [
        "", "foo", "unix:", "http://", "ftp://a", "http://a/b", "http://u@a", "http://a?b",
    ])
    func `anything else is wrong usage`(_ text: String) {
        #expect { try Endpoint(text: text) } throws: { ($0 as? Failure)?.exitStatus == 64 }
    }

    @Test func `a socket's path is the encoded host of the URL`() throws {
        let endpoint = try Endpoint(text: "unix:/run/a b/%.sock")
        #expect(endpoint.url("/v1/status") == "http+unix://%2Frun%2Fa%20b%2F%25.sock/v1/status")
    }

    @Test func `only this machine is loopback`() throws {
        for text in ["http://localhost:1", "http://127.0.0.9:1", "http://[::1]:1"] {
            guard case .tcp(_, true, false) = try Endpoint(text: text) else {
                Issue.record("\(text) is loopback")
                continue
            }
        }
        for text in ["http://10.0.0.1:1", "http://localhost.example", "https://a"] {
            guard case .tcp(_, false, _) = try Endpoint(text: text) else {
                Issue.record("\(text) is not loopback")
                continue
            }
        }
    }

    @Test func `no value can end the component it stands in`() {
        #expect(PercentEncoding.component("a/b?c#d&e=f 平") == "a%2Fb%3Fc%23d%26e%3Df%20%E5%B9%B3")
        #expect(PercentEncoding.query([("a", "1&2"), ("b", nil), ("c", "")]) == "?a=1%262&c=")
        #expect(PercentEncoding.query([("a", nil)]).isEmpty)
    }
}

struct TokenSecretTests {
    @Test func `the token is the first line`() async throws {
        try await withFolder { folder in
            try store("cs_k3f9_secret\nmore\n", at: "\(folder)/t")
            #expect(try TokenSecret(path: "\(folder)/t").text == "cs_k3f9_secret")
        }
    }

    @Test(arguments: [0o644, 0o640, 0o604, 0o602])
    func `a file that others can use is refused with the remedy`(_ mode: Int) async throws {
        try await withFolder { folder in
            try store("cs_k3f9_secret", at: "\(folder)/t", mode: mode)
            #expect { try TokenSecret(path: "\(folder)/t") } throws: { error in
                let failure = error as? Failure
                let text = failure?.message ?? ""
                return failure?.exitStatus == 3 && text.contains("chmod 600")
                    && !text.contains("secret")
            }
        }
    }

    @Test(arguments: ["", "password\n", "cs_a b", "cs_\u{1b}"])
    func `what is no token is refused, and not shown`(_ text: String) async throws {
        try await withFolder { folder in
            try store(text, at: "\(folder)/t")
            #expect { try TokenSecret(path: "\(folder)/t") } throws: { error in
                let message = (error as? Failure)?.message ?? ""
                return !message.isEmpty && !message.contains("password")
            }
        }
    }

    @Test func `an absent file and a folder are refused`() async throws {
        try await withFolder { folder in
            #expect(throws: Failure.self) { try TokenSecret(path: "\(folder)/absent") }
            #expect(throws: Failure.self) { try TokenSecret(path: folder) }
        }
    }
}
