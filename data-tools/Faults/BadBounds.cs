namespace AmcEngine.DataTools;

/// <summary>
/// How much may be wrong with data before it is refused: a few bad ones are always let pass, more by their share.
/// </summary>
public static class BadBounds
{
    /// <summary>So many bad ones never refuse a set, however small it is.</summary>
    public const int AlwaysAllowed = 10;

    /// <summary>The share allowed unless told otherwise.</summary>
    public const double DefaultShare = 0.01;

    /// <summary>Whether so many bad ones are too many.</summary>
    /// <param name="bad">Bad ones.</param>
    /// <param name="all">All of them, the bad ones included.</param>
    /// <param name="share">Share that may be bad.</param>
    public static bool Exceeds(long bad, long all, double share) => bad > AlwaysAllowed && bad > share * all;
}
