/// Why a command did not do what it was asked to, and with what status the program ends.
enum Failure: Error {
    /// The node could not be asked: what was tried and what to do.
    case cannotAsk(String)
    /// The request went out and no answer came back: it may have been carried out.
    case answerLost(String)
    /// The node said no.
    case refused(Problem)
    /// The answer is not what this program understands, or the task was not done in time.
    case notDone(String)
    /// The arguments do not fit together or to what the node says.
    case usage(String)
    /// A finding that is its own message: only the status is left to say.
    case silent(Int32)

    static let exitNotDone: Int32 = 1
    static let exitCannotAsk: Int32 = 3
    /// `EX_USAGE` of sysexits(3).
    static let exitUsage: Int32 = 64

    var exitStatus: Int32 {
        switch self {
        case .cannotAsk, .answerLost: Failure.exitCannotAsk
        case .refused, .notDone: Failure.exitNotDone
        case .usage: Failure.exitUsage
        case .silent(let status): status
        }
    }

    /// What standard error says; nil when everything was said.
    var message: String? {
        switch self {
        case .cannotAsk(let text), .answerLost(let text), .notDone(let text), .usage(let text):
            text
        case .refused(let problem): problem.message
        case .silent: nil
        }
    }
}
