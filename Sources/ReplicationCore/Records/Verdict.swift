/// Why a write counts for nothing: it joins nothing and covers nothing, at every member alike.
///
/// The raw value is shown and stored.
package enum Verdict: String, Hashable, Sendable, CaseIterable {
    /// From the least sequence on that two leaves were proven for.
    case forked
    /// Beyond the closing list of the roster that left its member out.
    case left
    /// One dot with two contents, both off any known fork.
    case numberUsedTwice = "number_used_twice"
    /// Its writer had no authority where it stood.
    case unauthorised
    /// Its turn is not on the custody chain, or turned out void.
    case overruled
    /// The turn or assignment that it stands on counts for nothing.
    case groundGone = "ground_gone"
    /// It had seen a valid value of a field that is set once.
    case alreadySet = "already_set"
}
