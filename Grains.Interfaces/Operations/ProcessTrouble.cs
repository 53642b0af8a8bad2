namespace RegistryProxy.Grains.Interfaces;

/// <summary>Something that is wrong in one process of the cluster while it goes on.</summary>
/// <param name="Kind">What kind of thing.</param>
/// <param name="Subject">
/// What has it: a section or a part of the configuration, or an authenticator; empty for the process as a whole.
/// </param>
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

    /// <summary>What is wrong with a host, the gravest first.</summary>
    /// <param name="files">What is wrong with its main file, and since when; <c>null</c> for nothing.</param>
    /// <param name="parts">
    /// The other files of the configuration that are not in use as they are, each with the part that it is, and whether its last good text
    /// is in use.
    /// </param>
    /// <param name="audit">What is wrong with its audit log; <c>null</c> for nothing.</param>
    /// <param name="restart">What it takes up after a restart alone; <c>null</c> for nothing.</param>
    /// <param name="certificates">By their sections.</param>
    public static IEnumerable<ProcessTrouble> OfHost(
        (string What, DateTimeOffset? Since)? files, IEnumerable<(string Part, bool IsKept, string What, DateTimeOffset? Since)> parts,
        (string What, DateTimeOffset? Since)? audit, string? restart, IEnumerable<(string Section, string What)> certificates)
    {
        if (files is var (broken, since))
        {
            yield return new ProcessTrouble(ProcessTroubleKind.Errors, "", broken, since);
        }

        if (audit is var (lost, from))
        {
            yield return new ProcessTrouble(ProcessTroubleKind.Audit, "", lost, from);
        }

        foreach (var (part, isKept, what, begin) in parts)
        {
            yield return new ProcessTrouble(isKept ? ProcessTroubleKind.Part : ProcessTroubleKind.Unusable, part, what, begin);
        }

        foreach (var (section, problem) in certificates)
        {
            yield return new ProcessTrouble(ProcessTroubleKind.Certificate, section, problem, null);
        }

        if (restart is not null)
        {
            yield return new ProcessTrouble(ProcessTroubleKind.Restart, "", restart, null);
        }
    }

    /// <summary>Those that a report has room for, each with a sentence that fits.</summary>
    public static IReadOnlyList<ProcessTrouble> Bounded(IEnumerable<ProcessTrouble> troubles) =>
        [.. troubles.Take(MaxOfProcess).Select(trouble => trouble with { What = Bounded(trouble.What) })];

    /// <summary>A sentence that fits.</summary>
    public static string Bounded(string what) => what.Length <= MaxWhat ? what : $"{what[..(MaxWhat - 2)]} …";
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

    /// <summary>A file beside the main one, or the part of a tenant, has errors; its last good text is in use.</summary>
    Part,

    /// <summary>The same, and there is none: the hosts that depend on it answer 503.</summary>
    Unusable,

    /// <summary>Audit events are lost, or were just now.</summary>
    Audit,

    /// <summary>A record of the state was refused just now.</summary>
    State,

    /// <summary>Sections were changed that are taken up after a restart alone.</summary>
    Restart,
}
