using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace RegistryProxy.NodeAgent.Installation.Files;

/// <summary>What .NET does not say of a file (statx(2), access(2), xattr(7)): its owner, whether it may be replaced, its labels.</summary>
internal static partial class FileStatus
{
    private const int CurrentFolder = -100;
    private const int NoFollow = 0x100;
    private const int BasicStats = 0x7ff;
    private const int Writable = 2;
    private const ulong MountRoot = 0x2000;
    private const ulong Immutable = 0x10;
    private const ulong AppendOnly = 0x20;
    private const int PermissionMask = 0xFFF;
    private const int CloseOnExec = 0x80000;
    private const int InputOutput = 5;
    private const int NoSpace = 28;
    private const int QuotaExceeded = 122;
    private const int KindMask = 0xF000;
    private const int RegularKind = 0x8000;
    private const int LongestLabel = 64 * 1024;

    /// <summary>Whether a file system is mounted at this very path, so that it cannot be replaced.</summary>
    public static bool IsMountPoint(string path) =>
        Status(path) is { } status && (BinaryPrimitives.ReadUInt64LittleEndian(status.AsSpan(8)) & MountRoot) != 0;

    /// <summary>Whether it is a file with bytes of its own on a disk; a link is not.</summary>
    public static bool IsRegular(string path) =>
        Status(path) is { } status && (BinaryPrimitives.ReadUInt16LittleEndian(status.AsSpan(28)) & KindMask) == RegularKind;

    /// <summary>Whether it may be written: no for what is immutable or on a read-only file system, even to root.</summary>
    public static bool IsWritable(string path) => Access(path, Writable) == 0;

    /// <summary>
    /// Whether a file, or what is in a folder, can be neither replaced nor removed, whatever access(2) says of writing: it is immutable or
    /// append-only (chattr(1)).
    /// </summary>
    public static bool IsFixed(string path) =>
        Status(path) is { } status && (BinaryPrimitives.ReadUInt64LittleEndian(status.AsSpan(8)) & (Immutable | AppendOnly)) != 0;

    /// <summary>
    /// Whether somebody else than root, or than who runs this, may replace what is in a folder: it is his, or his group or everybody may
    /// write there.
    /// </summary>
    public static bool IsOfOthers(string folder)
    {
        if (Status(folder) is not { } status)
        {
            return false;
        }

        var (user, group, mode) = (
            BinaryPrimitives.ReadUInt32LittleEndian(status.AsSpan(20)), BinaryPrimitives.ReadUInt32LittleEndian(status.AsSpan(24)),
            (UnixFileMode)(BinaryPrimitives.ReadUInt16LittleEndian(status.AsSpan(28)) & PermissionMask));
        return (user != 0 && user != EffectiveUser())
            || (!mode.HasFlag(UnixFileMode.StickyBit)
                && (mode.HasFlag(UnixFileMode.OtherWrite) || (group != 0 && user == 0 && mode.HasFlag(UnixFileMode.GroupWrite))));
    }

    /// <summary>Gives a file the owner, the group and the labels of another one.</summary>
    public static void CopyOwner(string from, string to)
    {
        if (Status(from) is { } status)
        {
            var (user, group) = (
                BinaryPrimitives.ReadUInt32LittleEndian(status.AsSpan(20)), BinaryPrimitives.ReadUInt32LittleEndian(status.AsSpan(24)));
            if (Change(to, user, group) != 0)
            {
                throw new IOException($"{to}: its owner cannot be set: {Marshal.GetLastPInvokeErrorMessage()}");
            }
        }

        CopyLabels(from, to);
    }

    /// <summary>SELinux's label above all; a file system that has none of them is fine.</summary>
    private static void CopyLabels(string from, string to)
    {
        var names = new byte[LongestLabel];
        var length = (int)ListLabels(from, names, names.Length);
        if (length <= 0)
        {
            return;
        }

        var value = new byte[LongestLabel];
        foreach (var name in System.Text.Encoding.UTF8.GetString(names, 0, length).Split('\0', StringSplitOptions.RemoveEmptyEntries))
        {
            if ((int)GetLabel(from, name, value, value.Length) is >= 0 and var size)
            {
                _ = SetLabel(to, name, value, size, 0);
            }
        }
    }

    /// <summary>
    /// Has the disk take what a file holds, or which names a folder has (fsync(2)); nothing for what is gone, or a file system that cannot.
    /// </summary>
    /// <exception cref="IOException">The disk did not take it: it is full, say.</exception>
    public static void Settle(string path)
    {
        var handle = Open(path, CloseOnExec);
        if (handle < 0)
        {
            return;
        }

        var failure = Sync(handle) == 0 ? 0 : Marshal.GetLastPInvokeError();
        _ = Close(handle);
        if (failure is InputOutput or NoSpace or QuotaExceeded)
        {
            throw new IOException($"{path}: the disk did not take what was written: {Marshal.GetPInvokeErrorMessage(failure)}");
        }
    }

    private static byte[]? Status(string path)
    {
        var status = new byte[256];
        return StatX(CurrentFolder, path, NoFollow, BasicStats, status) == 0 ? status : null;
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int StatX(int folder, string path, int flags, uint mask, [Out] byte[] status);

    [LibraryImport("libc", EntryPoint = "access", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Access(string path, int mode);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUser();

    [LibraryImport("libc", EntryPoint = "chown", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Change(string path, uint user, uint group);

    [LibraryImport("libc", EntryPoint = "listxattr", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial nint ListLabels(string path, [Out] byte[] names, nint size);

    [LibraryImport("libc", EntryPoint = "getxattr", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial nint GetLabel(string path, string name, [Out] byte[] value, nint size);

    [LibraryImport("libc", EntryPoint = "setxattr", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int SetLabel(string path, string name, byte[] value, nint size, int flags);

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(int handle);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int handle);

    [LibraryImport("libc", EntryPoint = "link", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int HardLink(string from, string to);

    /// <summary>Another name for a file.</summary>
    public static bool TryAlias(string from, string to) => HardLink(from, to) == 0;
}
