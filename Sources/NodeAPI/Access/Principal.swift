package import AllianceFiles

/// Who makes a request, and what they may do.
package struct Principal: Hashable, Sendable {
    /// The token's name, or `socket:` and the user at the other end; stands in audit and access log.
    package var actor: String
    package var role: AccessRole
}

/// The two ways in.
package enum Door: Hashable, Sendable {
    /// Loopback TCP: wants a token, a Host of ours and no foreign Origin.
    case tcp
    /// The Unix socket: whoever may open the file is an operator.
    case socket
}
