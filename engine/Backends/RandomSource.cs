namespace AmcEngine.Backends;

/// <summary>
/// Hands out random streams in the order in which a step asks for them: stream n of step s is the same whenever the
/// step is run, so that a resumed run continues with the same numbers. The whole state is (seed, step).
/// </summary>
public sealed class RandomSource(ulong seed)
{
    private uint _op;

    /// <summary>Seed of the run.</summary>
    public ulong Seed { get; } = seed;

    /// <summary>The current step.</summary>
    public uint Step { get; private set; }

    /// <summary>Starts a step: the next stream is its first.</summary>
    public void BeginStep(uint step)
    {
        Step = step;
        _op = 0;
    }

    /// <summary>A source that hands out from here on what this one does, independently of it.</summary>
    public RandomSource Copy() => new(Seed) { Step = Step, _op = _op };

    /// <summary>The next stream of this step.</summary>
    public RandomKey NextKey() => new(Seed, _op++, Step);

    /// <summary>Uniform numbers in [0, 1) on the host, from the next stream.</summary>
    public double[] Uniforms(int count)
    {
        var key = NextKey();
        var values = new double[count];
        for (var i = 0; i < count; i++) values[i] = Philox.ToUniform(Philox.Word(key, i));
        return values;
    }
}
