namespace AmcEngine.Backends;

/// <summary>
/// Hands out random streams in the order in which a step asks for them: stream n of step s is the same whenever the
/// step is run, so that a resumed run continues with the same numbers. The whole state is (seed, step).
/// </summary>
public sealed class RandomSource(ulong seed)
{
    private uint _op;
    private RowRange _rows;

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

    /// <summary>
    /// A source that hands out from here on the streams that this one does, independently of it, for tensors that hold
    /// these rows of the batch alone (<see cref="RandomKey.Rows"/>).
    /// </summary>
    public RandomSource Of(RowRange rows) => new(Seed) { Step = Step, _op = _op, _rows = rows };

    /// <summary>Number of the next stream of this step.</summary>
    public uint Stream => _op;

    /// <summary>Goes on with a later stream of this step, where others have taken those before it.</summary>
    public void SkipTo(uint stream) => _op = Math.Max(_op, stream);

    /// <summary>Goes on with the stream that another source of this step has come to.</summary>
    public void Continue(RandomSource other) => _op = other._op;

    /// <summary>A source that hands out from here on what this one does, independently of it.</summary>
    public RandomSource Copy() => new(Seed) { Step = Step, _op = _op, _rows = _rows };

    /// <summary>The next stream of this step.</summary>
    public RandomKey NextKey() => new(Seed, _op++, Step) { Rows = _rows };

    /// <summary>Uniform numbers in [0, 1) on the host, from the next stream.</summary>
    public double[] Uniforms(int count)
    {
        var key = NextKey();
        var values = new double[count];
        var first = key.First(count);
        for (var i = 0; i < count; i++) values[i] = Philox.ToUniform(Philox.Word(key, first + i));
        return values;
    }
}
