namespace AmcEngine.DataTools;

/// <summary>A data set that reads picture files and keeps count of those that are not whole.</summary>
public interface ICountsPictures
{
    /// <summary>The count.</summary>
    PictureCensus Pictures { get; }
}
