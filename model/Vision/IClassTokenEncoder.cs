using AmcEngine.Model.Layers;
using AmcEngine.Tensors;

namespace AmcEngine.Model.Vision;

/// <summary>An image encoder of blocks with a class token, which can be entered at any block.</summary>
public interface IClassTokenEncoder
{
    /// <summary>Number of blocks.</summary>
    int Depth { get; }

    /// <summary>Patches along one side of the image.</summary>
    int Grid { get; }

    /// <summary>
    /// Normalised images <c>[B, 3, S, S]</c> to the tokens that block number <paramref name="block"/> reads.
    /// </summary>
    Tensor Below(Tensor image, int block, ForwardContext context);

    /// <summary>
    /// From the tokens that a block reads to the normalised class row behind the last block, <c>[B, 1, D]</c>.
    /// </summary>
    Tensor ClassRow(Tensor tokens, int block, ForwardContext context);
}
