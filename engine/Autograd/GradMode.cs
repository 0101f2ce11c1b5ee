namespace AmcEngine.Autograd;

/// <summary>Whether ops are recorded on this thread.</summary>
public static class GradMode
{
    [ThreadStatic] private static bool _disabled;

    /// <summary>True while ops are recorded.</summary>
    public static bool Enabled => !_disabled;

    /// <summary>Switches recording on or off until the result is disposed.</summary>
    public static IDisposable Set(bool enabled) => new Restore(enabled);

    private sealed class Restore : IDisposable
    {
        private readonly bool _before = _disabled;

        public Restore(bool enabled) => _disabled = !enabled;

        public void Dispose() => _disabled = _before;
    }
}

/// <summary>Nothing inside is recorded: <c>using (NoGrad.Begin()) …</c></summary>
public static class NoGrad
{
    /// <summary>Stops recording until the result is disposed.</summary>
    public static IDisposable Begin() => GradMode.Set(false);
}
