namespace RegistryProxy.Grains.Interfaces;

/// <summary>Something that is wrong in one process of the cluster while it goes on.</summary>
/// <param name="Kind">What kind of thing.</param>
/// <param name="Subject">What has it: a section of the configuration or an authenticator; empty for the files as a whole.</param>
/// <param name="What">For operators, a sentence of <see cref="MaxWhat"/> characters at most; nothing of a secret.</param>
/// <param name="Since">Since when; <c>null</c> where that is not known.</param>
[GenerateSerializer, Immutable, Alias("rp.process-trouble")]
public sealed record ProcessTrouble(
    [property: Id(0)] ProcessTroubleKind Kind, [property: Id(1)] string Subject, [property: Id(2)] string What,
    [property: Id(3)] DateTimeOffset? Since)
{
    /// <summary>The most that one process reports.</summary>
    public const int MaxOfProcess = 20;

    /// <summary>The longest sentence, in characters.</summary>
    public const int MaxWhat = 300;

    /// <summary>What is wrong with the files of a host.</summary>
    /// <param name="files">What is wrong with its configuration, and since when; <c>null</c> for nothing.</param>
    /// <param name="certificates">By their sections.</param>
    public static IEnumerable<ProcessTrouble> OfHost(
        (string What, DateTimeOffset? Since)? files, IEnumerable<(string Section, string What)> certificates)
    {
        if (files is var (what, since))
        {
            yield return new ProcessTrouble(ProcessTroubleKind.Errors, "", what, since);
        }

        foreach (var (section, problem) in certificates)
        {
            yield return new ProcessTrouble(ProcessTroubleKind.Certificate, section, problem, null);
        }
    }

    /// <summary>Those that a report has room for, each with a sentence that fits.</summary>
    public static IReadOnlyList<ProcessTrouble> Bounded(IEnumerable<ProcessTrouble> troubles) =>
        [.. troubles.Take(MaxOfProcess).Select(trouble => trouble.What.Length <= MaxWhat
            ? trouble : trouble with { What = $"{trouble.What[..(MaxWhat - 2)]} …" })];
}

/// <summary>Kinds of troubles.</summary>
[GenerateSerializer, Alias("rp.process-trouble-kind")]
public enum ProcessTroubleKind
{
    /// <summary>Files of the configuration have errors and are not in use.</summary>
    Errors,

    /// <summary>The files are good and the cluster follows others: an operator has to act.</summary>
    Waiting,

    /// <summary>The same, and the process does no work until then.</summary>
    Conflict,

    /// <summary>Files that a section names cannot be read or used; what they held before is.</summary>
    Files,

    /// <summary>A certificate that this process shows.</summary>
    Certificate,

    /// <summary>The server of an authenticator fails.</summary>
    Authenticator,

    /// <summary>The cluster does not share out limits to this gateway, which keeps equal parts of them.</summary>
    Limits,
}
