/// A member of the alliances made here.
package struct Member: Hashable, Sendable {
    package var code: String
    package var chinese: String
    package var english: String

    package init(code: String, chinese: String, english: String) {
        self.code = code
        self.chinese = chinese
        self.english = english
    }

    package static let fuzhou = Member(code: "350100", chinese: "福州", english: "Fuzhou")
    package static let pingtan = Member(code: "350128", chinese: "平潭", english: "Pingtan")
    package static let putian = Member(code: "350300", chinese: "莆田", english: "Putian")
    package static let nanping = Member(code: "350700", chinese: "南平", english: "Nanping")
    package static let ningde = Member(code: "350900", chinese: "宁德", english: "Ningde")

    /// The provident-fund alliance of the Fuzhou metropolitan area.
    package static let five = [fuzhou, pingtan, putian, nanping, ningde]
    package static let two = [fuzhou, putian]
}
