using System.Globalization;
using System.Text;

namespace RegistryProxy.Silo.Storage;

/// <summary>
/// What the sealed name of a file says: whose state it is, and its end in milliseconds since 1970, 0 for none. Former versions did not seal
/// the end: <c>null</c>.
/// </summary>
internal readonly record struct FileLabel(StateOwner Owner, long? End)
{
    public static FileLabel Of(StateOwner owner, DateTimeOffset? end) => new(owner, end?.ToUnixTimeMilliseconds() ?? 0);

    /// <summary>Reads a name that was opened; <c>null</c> when it is that of another file.</summary>
    public static FileLabel? Read(byte[] text, string service, string file)
    {
        var parts = Encoding.UTF8.GetString(text).Split('\n');
        return Owner(parts) is { } former && FileRecordStore.NameOf(former) == file ? new FileLabel(former, null)
            : Owner(parts[..^1]) is { } owner && FileRecordStore.NameOf(owner) == file
                && long.TryParse(parts[^1], NumberStyles.None, CultureInfo.InvariantCulture, out var end) ? new FileLabel(owner, end)
            : null;

        StateOwner? Owner(string[] names) =>
            names is [.. var grain, var state] ? new StateOwner(service, string.Join('\n', grain), state) : null;
    }

    public byte[] ToBytes() => Encoding.UTF8.GetBytes($"{Owner.Grain}\n{Owner.State}\n{(End ?? 0).ToString(CultureInfo.InvariantCulture)}");
}
