import Foundation

/// The real time: the certificates are made by a program that knows no other.
enum WallClock {
    static var seconds: Int64 { Int64(Date().timeIntervalSince1970) }
}
