/// Makes a plan that finds something as short as it can while it still finds the same kind of thing.
///
/// Source: Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input" (2002): drop
/// ever smaller pieces as long as what is left still fails.
package enum Shrinking {
    /// The shortest that `runsMaximum` runs come to.
    package static func shortest(_ outcome: Outcome, runsMaximum: Int) -> Outcome {
        guard let kind = outcome.findings.first?.kind else { return outcome }
        var best = outcome
        var runs = 0
        var pieces = 2
        while best.plan.events.count > 1, runs < runsMaximum {
            let size = max(1, (best.plan.events.count + pieces - 1) / pieces)
            var isShorter = false
            var start = 0
            while start < best.plan.events.count, runs < runsMaximum {
                var plan = best.plan
                let end = min(start + size, plan.events.count)
                plan.events.removeSubrange(start..<end)
                runs += 1
                let tried = Outcome(of: plan)
                if tried.findings.first?.kind == kind {
                    best = tried
                    isShorter = true
                } else {
                    start = end
                }
            }
            if size == 1, !isShorter { break }
            pieces = isShorter ? max(2, pieces - 1) : min(2 * pieces, best.plan.events.count)
        }
        return best
    }
}
