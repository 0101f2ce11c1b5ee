namespace AmcEngine.Backends;

/// <summary>Constants of activations, for the ops and every back end.</summary>
internal static class ActivationConstants
{
    /// <summary>Factor of x in the quick GELU x·σ(1.702 x) (Hendrycks and Gimpel 2016, section 2).</summary>
    public const double QuickFactor = 1.702;
}
