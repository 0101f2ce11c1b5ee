namespace AmcEngine.Tensors;

/// <summary>An error of the engine; the message is one line that names the op and what to do.</summary>
public class EngineException : Exception
{
    /// <summary>An error of <paramref name="op"/>.</summary>
    public EngineException(string op, string detail) : base($"{op}: {detail}") => Op = op;

    /// <summary>The op that refused.</summary>
    public string Op { get; }
}

/// <summary>Shapes that do not fit an op.</summary>
public sealed class ShapeException(string op, string detail) : EngineException(op, detail);

/// <summary>An element type that an op does not take.</summary>
public sealed class DTypeException(string op, string detail) : EngineException(op, detail);

/// <summary>A derivative that does not exist, a released graph, or a saved tensor that was overwritten.</summary>
public sealed class AutogradException(string op, string detail) : EngineException(op, detail);

/// <summary>A device that is not there, or that lacks what was asked of it: the caller named the wrong one.</summary>
public sealed class DeviceException(string op, string detail) : EngineException(op, detail);
