using AmcEngine.Files.Pickle;

namespace AmcEngine.Serialization;

/// <summary>
/// Opens the pickles of checkpoints: what they may cost, and the exception that says what is wrong with one.
/// </summary>
internal static class TorchPickle
{
    /// <summary>
    /// Pickles hold structure, not weights: a full-size checkpoint's has half a megabyte, and with its optimizer takes
    /// some hundred thousand steps.
    /// </summary>
    public static readonly PickleLimits Limits = new(MaxBytes: 64 << 20, MaxSteps: 4_000_000);

    public static PickleInput Open(string path, TensorSource source) =>
        new(path, source, Limits, (problem, remedy) => SerializationException.In(path, null, problem, remedy));
}
