using AmcEngine.Autograd;
using AmcEngine.Memory;
using AmcEngine.Model.Layers;
using AmcEngine.Model.Pretraining;
using AmcEngine.Model.Text;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Model;

/// <summary>A relevance map for each image-text pair.</summary>
/// <param name="Cam">GradCAM over the patches <c>[B, n, n]</c>, not normalised.</param>
/// <param name="Logits">ITM logits <c>[B, 2]</c>; column 1 is "match".</param>
public sealed record ExplanationOutput(Tensor Cam, Tensor Logits);

/// <summary>Explains matches: evaluation mode, no min-max (specification 7).</summary>
internal static class ExplanationPass
{
    public static ExplanationOutput Run(Albef model, AlbefBatch batch, int layer)
    {
        var config = model.Config;
        if (layer < config.FusionLayer || layer >= config.TextLayers)
            throw new ModelException($"explain: layer {layer} has no cross attention; choose {config.FusionLayer}..{config.TextLayers - 1}");
        using var scope = MemoryScope.Begin();
        var hook = new AttentionHook(AttentionKind.Cross, layer);
        var mask = TextMask.Create(batch.Text, model.DType, model.Backend);
        Tensor image, text;
        // Nothing below the fusion layers lies between the map and the logit, so nothing there is recorded.
        using (NoGrad.Begin())
        {
            image = model.Vision.Forward(batch.Image, ForwardContext.Evaluation);
            var ids = Tensor.From(batch.Text.Ids, [batch.Text.Count, batch.Text.Length], model.Backend);
            text = model.Text.Bert.Text(ids, mask, ForwardContext.Evaluation);
        }
        Tensor cam, logits;
        using (GradMode.Set(true))
        {
            var context = new ForwardContext(null, hook);
            var fused = model.Text.Bert.Fusion(text, mask, ImageSource.FromTokens(image), context, firstRowOnly: true);
            logits = model.ItmHead.Forward(Albef.ClassRow(fused));
            var score = logits.Slice(1, 1, 2).Sum();
            var gradient = AutogradEngine.Grad([score], [hook.Map!])[0]
                ?? Tensor.Zeros(hook.Map!.Shape, model.DType, model.Backend);
            cam = Explanation.GradCam(hook.Map!.Detach(), gradient, mask.Keep);
        }
        return new ExplanationOutput(
            scope.Keep(cam.Reshape(batch.Text.Count, config.Grid, config.Grid)), scope.Keep(logits.Detach()));
    }
}
