package import AllianceModel

/// Why a record looks as it does, or what it waits for, in words that a clerk understands.
package struct Explanation: Hashable, Sendable {
    package struct Line: Hashable, Sendable {
        /// Nil: the record as a whole.
        package var field: Text?
        /// What the words are about; beside them, so that it can be masked.
        package var value: WriteValue?
        /// Never holds a value.
        package var text: Text
        /// The id of the conflict that the words are about, if any.
        package var conflict: Text?

        package init(field: Text?, value: WriteValue?, text: Text, conflict: Text? = nil) {
            self.field = field
            self.value = value
            self.text = text
            self.conflict = conflict
        }
    }

    package var lines: [Line]

    package init(lines: [Line]) {
        self.lines = lines
    }
}
