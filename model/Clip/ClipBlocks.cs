using System.Globalization;
using AmcEngine.Backends;
using AmcEngine.Backends.Kernels;
using AmcEngine.Model.Layers;
using AmcEngine.Model.Modules;
using AmcEngine.Tensors;

namespace AmcEngine.Model.Clip;

/// <summary>
/// A stack of CLIP's pre-norm blocks under OpenAI's names: quick GELU, hidden width four times the width.
/// </summary>
internal sealed class ClipBlocks : Module
{
    private static readonly TransformerBlockNames Names = new()
    {
        Norm1 = "ln_1",
        Norm2 = "ln_2",
        Qkv = "in_proj_",
        Output = "out_proj",
        MlpIn = "c_fc",
        MlpOut = "c_proj",
        NormFirst = false,
    };

    private readonly TransformerBlock[] _blocks;

    public ClipBlocks(
        int width, int heads, int layers, AttentionKind kind, TransformerBlockInitialization initialization)
    {
        var config = new TransformerBlockConfig(width, heads, 4 * width, ClipConfig.NormEps)
        {
            Kind = kind,
            Names = Names,
            Activation = Activation.QuickGelu,
            Initialization = initialization,
        };
        _blocks = new TransformerBlock[layers];
        for (var i = 0; i < layers; i++)
            _blocks[i] = AddChild(
                string.Create(CultureInfo.InvariantCulture, $"resblocks.{i}"), new TransformerBlock(config, i));
    }

    /// <summary>Number of blocks.</summary>
    public int Count => _blocks.Length;

    /// <summary>Tokens through the blocks from one to before another.</summary>
    public Tensor Forward(Tensor tokens, int from, int to, Tensor? mask, ForwardContext context)
    {
        foreach (var block in _blocks.AsSpan(from, to - from)) tokens = block.Forward(tokens, mask, context);
        return tokens;
    }

    /// <summary>The first row behind the last block, <c>[B, 1, D]</c>.</summary>
    public Tensor LastClassRow(Tensor tokens, ForwardContext context) =>
        _blocks[^1].Forward(tokens, null, context, firstRowOnly: true);
}
