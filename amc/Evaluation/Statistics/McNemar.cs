namespace AmcEngine.Amc.Evaluation.Statistics;

/// <summary>
/// McNemar's exact test: whether two checkpoints hit equally often on the same questions. Questions that both hit or
/// both miss say nothing; of the others half would go either way.
/// </summary>
internal static class McNemar
{
    /// <summary>The p-value, two-sided, 0..1: 1 where no question tells the two apart.</summary>
    /// <param name="onlyFirst">Questions that the first alone hits.</param>
    /// <param name="onlySecond">Questions that the second alone hits.</param>
    public static double PValue(int onlyFirst, int onlySecond)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(onlyFirst);
        ArgumentOutOfRangeException.ThrowIfNegative(onlySecond);
        int n = onlyFirst + onlySecond, few = Math.Min(onlyFirst, onlySecond);
        // Each binomial term from the one before, as logarithms: 2⁻ⁿ alone underflows beyond a thousand questions.
        double term = -n * Math.Log(2), tail = Math.Exp(term);
        for (var k = 1; k <= few; k++)
        {
            term += Math.Log((n - k + 1) / (double)k);
            tail += Math.Exp(term);
        }
        return Math.Min(1, 2 * tail);
    }
}
