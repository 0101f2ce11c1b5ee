using AmcEngine.Autograd;
using AmcEngine.Backends;
using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;

namespace AmcEngine.Ops;

/// <summary>Probability and random stream of one dropout.</summary>
/// <param name="P">Probability of dropping an element, in [0, 1).</param>
/// <param name="Key">Random stream; the same key gives the same mask, in a second pass as in the first.</param>
public readonly record struct DropoutSpec(double P, RandomKey Key);

/// <summary>Dropout with replayable masks (Srivastava et al. 2014, inverted).</summary>
[OpFamily]
public static class DropoutOps
{
    /// <summary>x∘keep/(1 − p). Its gradient is the same op with the same key, at every order.</summary>
    /// <exception cref="EngineException">p is not in [0, 1).</exception>
    [Op("dropout")]
    public static Tensor Dropout(this Tensor x, double p, RandomKey key)
    {
        if (!(p >= 0 && p < 1)) throw new EngineException("dropout", $"probability {p} is not in [0, 1)");
        if (p == 0) return x;
        OpSupport.RequireFloating("dropout", x);
        var y = x.EmptyLike();
        x.Backend.Run(new DropoutArgs(x, p, key, y));
        return Graph.Record("dropout", [x], y, [], (_, g) => [g[0]!.Dropout(p, key)]);
    }

    /// <summary>Dropout as specified, or x itself.</summary>
    public static Tensor Dropout(this Tensor x, DropoutSpec? spec) => spec is { } s ? x.Dropout(s.P, s.Key) : x;

    /// <summary>Fills a leaf with uniform numbers in [low, high).</summary>
    public static Tensor FillUniform(this Tensor x, double low, double high, RandomKey key)
    {
        x.Backend.Run(new UniformArgs(x, low, high, key));
        x.Storage.Touch();
        return x;
    }

    /// <summary>Fills a leaf with normal numbers.</summary>
    public static Tensor FillNormal(this Tensor x, double mean, double std, RandomKey key)
    {
        x.Backend.Run(new NormalArgs(x, mean, std, key));
        x.Storage.Touch();
        return x;
    }

    internal static readonly OpEntry[] Entries =
    [
        new("dropout", (t, a) => t[0].Dropout(a.Double("p"), new RandomKey(42, 3, 7)),
            new([5, 13], [], new() { ["p"] = 0.3 }), new([1], [], new() { ["p"] = 0.5 })),
    ];
}
