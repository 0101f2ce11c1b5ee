namespace AmcEngine.DataTools;

/// <summary>A data set that reads files, and keeps count of what is wrong with them.</summary>
public interface IFileDataset
{
    /// <summary>Pictures that are not whole.</summary>
    PictureCensus Pictures { get; }

    /// <summary>Bad entries of the annotation files.</summary>
    AnnotationCensus Annotations { get; }
}
