namespace AmcEngine.Optim;

/// <summary>
/// Learning rate as a function of the step or of the epoch; pure, so that a resumed run continues exactly.
/// </summary>
public interface ISchedule
{
    /// <summary>Learning rate of a step.</summary>
    /// <param name="epoch">From 0.</param>
    /// <param name="iteration">Within the epoch, from 0.</param>
    /// <param name="step">Over all epochs, from 0.</param>
    double LearningRate(int epoch, int iteration, int step);
}

/// <summary>Linear warm-up over steps, then a half cosine down to a fraction of the peak.</summary>
/// <param name="Peak">Learning rate after warm-up.</param>
/// <param name="WarmupSteps">Steps of linear warm-up; step s has (s + 1)/WarmupSteps of the peak.</param>
/// <param name="TotalSteps">Length of the run.</param>
/// <param name="FinalFraction">Last learning rate as a fraction of the peak.</param>
public sealed record WarmupCosineSchedule(double Peak, int WarmupSteps, int TotalSteps, double FinalFraction)
    : ISchedule
{
    /// <inheritdoc/>
    public double LearningRate(int epoch, int iteration, int step)
    {
        if (step < WarmupSteps) return Peak * (step + 1) / WarmupSteps;
        var t = Math.Clamp((step - WarmupSteps) / (double)Math.Max(1, TotalSteps - WarmupSteps), 0, 1);
        return Peak * (FinalFraction + (1 - FinalFraction) * 0.5 * (1 + Math.Cos(Math.PI * t)));
    }
}

/// <summary>
/// The schedule of the reference recipe: within the first epoch a linear warm-up that moves every 100 iterations
/// (after the optimizer step), later one cosine value an epoch. The rate starts at the warm-up value.
/// </summary>
/// <param name="Peak">Learning rate after warm-up.</param>
/// <param name="Minimum">End of the cosine.</param>
/// <param name="WarmupStart">Learning rate of the first iterations.</param>
/// <param name="WarmupUnits">Warm-up length in units of 100 iterations.</param>
/// <param name="Epochs">Period of the cosine.</param>
public sealed record ReferenceSchedule(double Peak, double Minimum, double WarmupStart, int WarmupUnits, int Epochs)
    : ISchedule
{
    private const int UnitIterations = 100;

    /// <inheritdoc/>
    public double LearningRate(int epoch, int iteration, int step)
    {
        if (epoch > 0) return At(epoch + WarmupUnits);
        // step(i / 100) runs after the optimizer step at iteration i, so iteration i sees the unit of i − 1.
        var unit = iteration == 0 ? 0 : Math.Min((iteration - 1) / UnitIterations, WarmupUnits);
        return iteration == 0 ? WarmupStart : At(unit);
    }

    /// <summary>The scheduler's value at time t: warm-up units first, epochs after them.</summary>
    public double At(int t)
    {
        if (t < WarmupUnits) return WarmupStart + t * (Peak - WarmupStart) / WarmupUnits;
        var u = t - WarmupUnits;
        return u >= Epochs ? Minimum : Minimum + 0.5 * (Peak - Minimum) * (1 + Math.Cos(Math.PI * u / Epochs));
    }
}
