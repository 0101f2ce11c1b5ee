using AmcEngine.Model.Layers;
using AmcEngine.Model.Modules;

namespace AmcEngine.Model.Vision;

/// <summary>
/// Sizes of a <see cref="VisionTransformer"/>. The defaults are those of ViT-B/16 at 256 pixels (specification 1).
/// </summary>
public sealed record VisionConfig
{
    /// <summary>Side of the square input image in pixels.</summary>
    public int ImageRes { get; init; } = 256;

    /// <summary>Side of a square patch in pixels.</summary>
    public int PatchSize { get; init; } = 16;

    /// <summary>Width of an image token.</summary>
    public int Width { get; init; } = 768;

    /// <summary>Transformer blocks.</summary>
    public int Depth { get; init; } = 12;

    /// <summary>Attention heads of a block.</summary>
    public int Heads { get; init; } = 12;

    /// <summary>Hidden width of a block's MLP in multiples of <see cref="Width"/>.</summary>
    public double MlpRatio { get; init; } = 4;

    /// <summary>Eps of the layer norms.</summary>
    public double NormEps { get; init; } = 1e-6;

    /// <summary>Patches along one side of the image.</summary>
    public int Grid => ImageRes / PatchSize;

    /// <summary>Image tokens: the class token and one a patch.</summary>
    public int Tokens => 1 + Grid * Grid;

    /// <summary>Hidden width of a block's MLP.</summary>
    public int MlpWidth => (int)(Width * MlpRatio);

    /// <summary>Settings of a block.</summary>
    internal TransformerBlockConfig Block => new(Width, Heads, MlpWidth, NormEps);

    /// <summary>Checks that the sizes fit together and returns this configuration.</summary>
    /// <exception cref="ModelException">They do not; the message names the first misfit.</exception>
    public VisionConfig Validate()
    {
        SizeRules.RequirePositive(
            ("image_res", ImageRes), ("patch size", PatchSize), ("vision width", Width), ("vision depth", Depth),
            ("vision heads", Heads));
        SizeRules.Require(
            ImageRes % PatchSize == 0, $"image_res {ImageRes} is not a multiple of the patch size {PatchSize}");
        SizeRules.Require(Width % Heads == 0, $"vision width {Width} is not divisible by {Heads} heads");
        SizeRules.Require(MlpWidth > 0, $"vision MLP ratio {MlpRatio} leaves no hidden unit");
        return this;
    }
}
