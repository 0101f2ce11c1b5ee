using AmcEngine.Autograd;
using AmcEngine.Backends.Kernels;
using AmcEngine.Diagnostics;
using AmcEngine.Memory;
using AmcEngine.Model;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Amc.Explanation;

/// <summary>An explanation that can be differentiated.</summary>
/// <param name="MapGradient">∂ Σ scores / ∂ map, of the map's shape.</param>
/// <param name="Cam">GradCAM <c>[B, n²]</c>, not normalised.</param>
internal sealed record RecordedExplanation(Tensor MapGradient, Tensor Cam);

/// <summary>
/// GradCAM of attention (specification 4.1 and 7): the map times its own positive gradient, averaged over heads and
/// counted rows. The one explanation pass: training differentiates it again, evaluation reads it.
/// </summary>
internal static class GradCam
{
    /// <summary>Map gradient and GradCAM of a grounding, recorded to be differentiated again.</summary>
    /// <exception cref="ModelException">No score depends on the map.</exception>
    public static RecordedExplanation Record(Grounding grounding)
    {
        Tensor gradient;
        using (Phase.Begin("explanation gradient"))
            gradient = MapGradient(grounding, createGraph: true)
                ?? throw new ModelException("AMC: the score does not depend on the captured map; hook another layer");
        using var phase = Phase.Begin("forward/AMC loss");
        return new RecordedExplanation(gradient, Of(grounding.Map, gradient, grounding.QueryMask));
    }

    /// <summary>
    /// Gradient of the scores with respect to the map, of the map's shape; null where no score depends on it. Samples
    /// do not interact, so that the gradient of the scores' sum is every sample's own.
    /// </summary>
    /// <param name="grounding">A recorded grounding.</param>
    /// <param name="createGraph">Whether the gradient is recorded, to be differentiated again.</param>
    public static Tensor? MapGradient(Grounding grounding, bool createGraph) =>
        AutogradEngine.Grad([grounding.Score.Sum()], [grounding.Map], createGraph: createGraph)[0];

    /// <summary>GradCAM <c>[B, n²]</c>, not normalised.</summary>
    /// <param name="map">Attention map <c>[B, H, Q, 1 + n²]</c>.</param>
    /// <param name="gradient">Its gradient.</param>
    /// <param name="queryMask">Which rows count <c>[B, Q]</c>; null counts all.</param>
    public static Tensor Of(Tensor map, Tensor gradient, Tensor? queryMask) =>
        Ops.Explanation.GradCam(map, gradient, queryMask ?? Ones(map));

    /// <summary>
    /// GradCAM <c>[B, n, n]</c> of a grounding in evaluation: nothing is recorded. The tensor belongs to the current
    /// scope.
    /// </summary>
    public static Tensor Explain(Grounding grounding)
    {
        using var scope = MemoryScope.Begin();
        var gradient = MapGradient(grounding, createGraph: false)
            ?? Tensor.Zeros(grounding.Map.Shape, grounding.Map.DType, grounding.Map.Backend);
        var cam = Of(grounding.Map.Detach(), gradient, grounding.QueryMask);
        return scope.Keep(cam.Reshape(cam.Shape[0], grounding.Grid, grounding.Grid));
    }

    /// <summary>
    /// GradCAM <c>[B, n, n]</c> of several layers in evaluation, by one gradient pass: a layer's is what
    /// <see cref="Explain"/> gives of it alone. Tensors belong to the current scope.
    /// </summary>
    /// <param name="layers">Groundings of one pass, by different layers.</param>
    public static IReadOnlyList<RecordedExplanation> ExplainLayers(IReadOnlyList<Grounding> layers)
    {
        using var scope = MemoryScope.Begin();
        Tensor[] maps = [.. layers.Select(l => l.Map)];
        var gradients = AutogradEngine.Grad([layers[0].Score.Sum()], maps);
        var explained = new RecordedExplanation[maps.Length];
        for (var i = 0; i < maps.Length; i++)
        {
            var gradient = gradients[i] ?? Tensor.Zeros(maps[i].Shape, maps[i].DType, maps[i].Backend);
            var cam = Of(maps[i].Detach(), gradient, layers[i].QueryMask);
            explained[i] = new RecordedExplanation(
                scope.Keep(gradient), scope.Keep(cam.Reshape(cam.Shape[0], layers[i].Grid, layers[i].Grid)));
        }
        return explained;
    }

    private static Tensor Ones(Tensor map)
    {
        var ones = Tensor.Empty([map.Shape[0], map.Shape[2]], map.DType, map.Backend);
        ones.Backend.Run(new FillArgs(ones, 1));
        return ones;
    }
}
