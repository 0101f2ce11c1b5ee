using AmcEngine.Model.Modules;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Model.Vision;

/// <summary>The patch embedding: a convolution whose stride is its kernel (specification 1, step 1).</summary>
public sealed class PatchEmbedding : Module
{
    private readonly Projection _proj;

    /// <summary>A patch embedding of RGB images.</summary>
    public PatchEmbedding(int patch, int width) => _proj = AddChild("proj", new Projection(patch, width));

    /// <summary>Image <c>[B, 3, S, S]</c> to patches <c>[B, (S/p)², D]</c>, row by row.</summary>
    public Tensor Forward(Tensor image) => image.PatchEmbedding(_proj.Weight.Value, _proj.Bias.Value);

    private sealed class Projection : Module
    {
        public Projection(int patch, int width)
        {
            var uniform = Initialization.Uniform(1 / Math.Sqrt(3.0 * patch * patch));
            Weight = AddWeight("weight", [width, 3, patch, patch], uniform);
            Bias = AddWeight("bias", [width], uniform);
        }

        public Parameter Weight { get; }

        public Parameter Bias { get; }
    }
}
