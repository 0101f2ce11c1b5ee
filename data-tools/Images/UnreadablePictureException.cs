namespace AmcEngine.DataTools;

/// <summary>Why a picture cannot be used.</summary>
public enum PictureFault
{
    /// <summary>There is no such file.</summary>
    Missing = 0,

    /// <summary>The file is there, but the system does not let it be read.</summary>
    NotReadable = 1,

    /// <summary>The file holds no bytes.</summary>
    Empty = 2,

    /// <summary>The bytes are not those of a picture, or of none that is known.</summary>
    NotAPicture = 3,

    /// <summary>It begins like a picture, but not one pixel can be decoded.</summary>
    Damaged = 4,

    /// <summary>It has more pixels than can be held in memory.</summary>
    TooLarge = 5,

    /// <summary>A part can be decoded, but the caller wants whole pictures only.</summary>
    CutOff = 6,
}

/// <summary>A picture cannot be used at all; the message names it and says what to do.</summary>
public sealed class UnreadablePictureException : UnusableSampleException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="fault">What kind of fault it is.</param>
    /// <param name="message">One line: what is wrong, where, and the remedy.</param>
    public UnreadablePictureException(PictureFault fault, string message) : base(message) => Fault = fault;

    /// <summary>Creates the exception with the error that caused it.</summary>
    /// <param name="fault">What kind of fault it is.</param>
    /// <param name="message">One line: what is wrong, where, and the remedy.</param>
    /// <param name="inner">The cause.</param>
    public UnreadablePictureException(PictureFault fault, string message, Exception inner) : base(message, inner) => Fault = fault;

    /// <summary>What kind of fault it is.</summary>
    public PictureFault Fault { get; }
}
