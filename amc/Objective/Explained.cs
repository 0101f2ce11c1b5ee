using AmcEngine.Amc.Explanation;
using AmcEngine.Model;
using AmcEngine.Tensors;

namespace AmcEngine.Amc.Objective;

/// <summary>
/// The GradCAM of a batch, recorded to be differentiated again: of a grounding, when it is first asked for, or as a
/// batch that was computed by parts gave it. Tensors belong to the caller's scope.
/// </summary>
public sealed class Explained
{
    private readonly Func<RecordedExplanation>? _record;
    private readonly Tensor? _cam;
    private RecordedExplanation? _recorded;

    /// <summary>The explanation of a grounding.</summary>
    public Explained(Grounding grounding)
    {
        (Grounding, Count) = (grounding, grounding.Map.Shape[0]);
        _record = () => GradCam.Record(grounding);
    }

    /// <summary>A GradCAM <c>[B, n²]</c> that is known, not normalised.</summary>
    public Explained(Tensor cam) => (_cam, Count) = (cam, cam.Shape[0]);

    /// <summary>The GradCAM of a grounding, recorded: what a batch that is computed by parts reads of each.</summary>
    public static Tensor Read(Grounding grounding) => GradCam.Record(grounding).Cam;

    /// <summary>Samples, B.</summary>
    public int Count { get; }

    /// <summary>GradCAM <c>[B, n²]</c>, not normalised.</summary>
    public Tensor Cam => _cam ?? Recorded!.Cam;

    /// <summary>Patches along one side of the picture, n.</summary>
    public int Grid => Grounding?.Grid ?? (int)Math.Round(Math.Sqrt(Cam.Shape[1]));

    /// <summary>What is explained; null where its parts are gone.</summary>
    public Grounding? Grounding { get; }

    /// <summary>∂ Σ scores / ∂ map, of the map's shape; null where the map's parts are gone.</summary>
    public Tensor? MapGradient => Recorded?.MapGradient;

    private RecordedExplanation? Recorded => _recorded ??= _record?.Invoke();
}
