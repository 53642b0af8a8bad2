using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace RegistryProxy.Files;

/// <summary>
/// What the file system says of files without reading them: which they are, how long, and when they and what is known of them changed.
/// </summary>
public static partial class FileStamp
{
    /// <summary>The structure of statx(2), which is the same on every architecture.</summary>
    private const int Length = 256;

    private const int CurrentFolder = -100;

    /// <summary>A file system of the network is asked, not what the kernel remembers of it (AT_STATX_FORCE_SYNC).</summary>
    private const int ForceSync = 0x2000;

    /// <summary>There is no such file, or no such folder above it. Other errors say nothing of the file.</summary>
    private const int NoEntry = 2, NoFolder = 20;

    private const uint BasicStats = 0x7ff;
    private const int TypeMask = 0xF000;
    private const int Folder = 0x4000;
    private const int RegularFile = 0x8000;

    private static volatile bool _isKnown = OperatingSystem.IsLinux();

    /// <summary>
    /// A number that is another one when any of the files is: links are followed, and the time at which what is known of a file changed
    /// (<c>ctime</c>) cannot be set back. <c>null</c> where that cannot be said.
    /// </summary>
    public static ulong? Of(IReadOnlyList<string> paths)
    {
        var stamp = (ulong)paths.Count;
        for (var i = 0; i < paths.Count; i++)
        {
            if (Add(ref stamp, paths[i]) is not { } type)
            {
                return null;
            }

            if (type == Folder && !AddFiles(ref stamp, paths[i]))
            {
                return null;
            }
        }

        return stamp;
    }

    /// <summary>The same of files and folders alone, whatever is in the folders.</summary>
    public static ulong? OfEntries(IReadOnlyList<string> paths)
    {
        var stamp = (ulong)paths.Count;
        for (var i = 0; i < paths.Count; i++)
        {
            if (Add(ref stamp, paths[i]) is null)
            {
                return null;
            }
        }

        return stamp;
    }

    private static bool AddFiles(ref ulong stamp, string folder)
    {
        try
        {
            foreach (var file in CertificateFiles.Of(folder))
            {
                if (Add(ref stamp, file) is null)
                {
                    return false;
                }
            }

            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>The type of the file; 0 when there is none, <c>null</c> when its stamp says nothing.</summary>
    private static int? Add(ref ulong stamp, string path)
    {
        Span<byte> found = stackalloc byte[Length];
        if (!_isKnown || path.Length == 0 || path.Contains('\0') || Look(path, found) is not { } error)
        {
            return null;
        }

        if (error is not (0 or NoEntry or NoFolder))
        {
            return null;
        }

        if (error != 0)
        {
            Mix(ref stamp, (ulong)error);
            return 0;
        }

        var type = BinaryPrimitives.ReadUInt16LittleEndian(found[28..]) & TypeMask;
        foreach (var at in (ReadOnlySpan<int>)[32, 40, 96, 104, 112, 120, 136])
        {
            // The inode, the length, both times in seconds and nanoseconds, the device.
            Mix(ref stamp, BinaryPrimitives.ReadUInt64LittleEndian(found[at..]));
        }

        return type is Folder or RegularFile ? type : null;
    }

    private static int? Look(string path, Span<byte> found)
    {
        try
        {
            return Stat(CurrentFolder, path, ForceSync, BasicStats, ref MemoryMarshal.GetReference(found)) == 0 ? 0
                : Marshal.GetLastPInvokeError();
        }
        catch (EntryPointNotFoundException)
        {
            _isKnown = false;
            return null;
        }
    }

    private static void Mix(ref ulong stamp, ulong value) => stamp = (ulong.RotateLeft(stamp, 23) ^ value) * 0x9E37_79B9_7F4A_7C15;

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Stat(int folder, string path, int flags, uint mask, ref byte found);
}
