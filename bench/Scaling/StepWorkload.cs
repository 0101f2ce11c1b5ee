namespace AmcEngine.Bench.Scaling;

/// <summary>A training step of one GPU: what it computes and what it has to exchange.</summary>
internal sealed record StepWorkload
{
    /// <summary>Pairs a step.</summary>
    public required int Batch { get; init; }

    /// <summary>Seconds of the forward pass.</summary>
    public required double Forward { get; init; }

    /// <summary>Seconds of the backward pass on a GPU alone.</summary>
    public required double Backward { get; init; }

    /// <summary>Seconds of the backward pass with the packing of gradients that are exchanged.</summary>
    public required double SharedBackward { get; init; }

    /// <summary>Seconds of what every rank does with the averaged gradients: the finite check.</summary>
    public double Check { get; init; }

    /// <summary>Seconds of the update of all weights and their momentum copies.</summary>
    public double Update { get; init; }

    /// <summary>Seconds of AdamW alone, which ranks share that have a part of its state each.</summary>
    public double SharedUpdate { get; init; }

    /// <summary>Seconds of the momentum copies where they follow on their own: every rank does it.</summary>
    public double AveragesAlone { get; init; }

    /// <summary>When each gradient is complete, in the shared backward pass.</summary>
    public IReadOnlyList<ReadyGradient> Gradients { get; init; } = [];

    /// <summary>Bytes of a pair's features, which go to all ranks.</summary>
    public double FeatureBytes { get; init; }

    /// <summary>Kernels.</summary>
    public int Kernels { get; init; }

    /// <summary>Floating-point operations.</summary>
    public double Flop { get; init; }

    /// <summary>Peak of tensors, bytes.</summary>
    public double PeakBytes { get; init; }

    /// <summary>How the step saves memory, as a configuration says it.</summary>
    public string Settings { get; init; } = "";

    /// <summary>Bytes of all gradients, which are those of the trained weights.</summary>
    public double GradientBytes => Gradients.Sum(g => g.Bytes);

    /// <summary>Seconds of a step on a GPU alone.</summary>
    public double Alone => Forward + Backward + Check + Update;
}
