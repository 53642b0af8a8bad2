using System.Runtime.InteropServices;

namespace RegistryProxy.NodeAgent.Images.Docker;

/// <summary>Inodes of a file system (POSIX statvfs); .NET does not tell them.</summary>
internal static partial class Inodes
{
    /// <summary>How many are used; <c>null</c> where the path is not to be seen from here.</summary>
    public static ulong? UsedOn(string path) => StatVfs(path, out var status) == 0 ? status.Files - status.FilesFree : null;

    [LibraryImport("libc", EntryPoint = "statvfs", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatVfs(string path, out Status status);

    /// <summary>struct statvfs of 64-bit Linux, glibc and musl alike.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private unsafe struct Status
    {
        public ulong BlockSize;
        public ulong FragmentSize;
        public ulong Blocks;
        public ulong BlocksFree;
        public ulong BlocksAvailable;
        public ulong Files;
        public ulong FilesFree;
        public ulong FilesAvailable;
        public ulong Id;
        public ulong Flags;
        public ulong LongestName;
        public fixed int Spare[6];
    }
}
