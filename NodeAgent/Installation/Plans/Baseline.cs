using RegistryProxy.NodeAgent.Installation.Edits;
using RegistryProxy.NodeAgent.Installation.Files;
using RegistryProxy.NodeAgent.Installation.Records;

namespace RegistryProxy.NodeAgent.Installation.Plans;

/// <summary>
/// What a file is without anything of ours. A text that is known, with ours in it or without, stands for what it was then; any other is the
/// work of somebody else and the new truth, whatever was recorded.
/// </summary>
/// <param name="Bytes">Its bytes; <c>null</c> for no file.</param>
/// <param name="Mode">Its mode.</param>
/// <param name="Created">Whether this program made the file.</param>
/// <param name="IsNew">Whether somebody else wrote it since it was recorded.</param>
internal readonly record struct Baseline(byte[]? Bytes, int? Mode, bool Created, bool IsNew)
{
    public static Baseline Of(HostFiles host, Place? known, string path, IReadOnlyList<Edit> edits)
    {
        var now = host.Bytes(path);
        var created = known?.Created ?? now is null;
        var mode = now is null ? known?.BeforeMode : ModeOf(known, host.Mode(path));
        if (known is not null && (Same(now, known.After) || Same(now, known.Before)
            || (known.Earlier is not null && Same(now, known.Earlier))))
        {
            return new Baseline(known.Before, mode, created, IsNew: false);
        }

        var all = known is null ? edits : [.. known.Edits, .. known.Cleared, .. edits];
        if (known is { Before: null } && all.Any(edit => edit is OwnFile))
        {
            return new Baseline(null, mode, created, IsNew: false);
        }

        return now is null ? new Baseline(null, null, created, IsNew: true)
            : new Baseline(Without(now, path, all, known), mode, created, IsNew: true);
    }

    /// <summary>A mode that this program did not give is what somebody wants the file to have.</summary>
    private static int? ModeOf(Place? known, UnixFileMode now) =>
        known is not null && known.IsModeOfOurs(now) ? known.BeforeMode : (int)now;

    private static byte[] Without(byte[] now, string path, IEnumerable<Edit> edits, Place? known)
    {
        var file = FileText.Of(now);
        var former = known?.Before is { } before ? FileText.Of(before).Text : null;
        var rest = edits.Reverse().Where(edit => edit is not OwnFile).Aggregate(
            file.Text, (text, edit) => known is null ? edit.Take(text, path) : edit.Undo(text, path, former));
        return rest == file.Text ? now : file.With(WithItsEnd(rest, file.Text, former));
    }

    /// <summary>Where ours stood behind a last line that had no end, that line has none again.</summary>
    private static string WithItsEnd(string rest, string now, string? former)
    {
        var isLast = former is { Length: > 0 } and not [.., '\n'] && rest is [.., '\n'] && now.StartsWith(rest, StringComparison.Ordinal);
        return isLast ? rest[..(rest is [.., '\r', _] ? ^2 : ^1)] : rest;
    }

    private static bool Same(byte[]? one, byte[]? other) =>
        one is null ? other is null : other is not null && one.AsSpan().SequenceEqual(other);
}
