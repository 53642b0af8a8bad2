namespace RegistryProxy.Tests.Support.Processes;

/// <summary>What the kernel says of a process.</summary>
internal static class ProcessMemory
{
    /// <summary>Resident memory, in bytes.</summary>
    public static long Resident(int pid) => Number(pid, "VmRSS:") * 1024;

    public static long Threads(int pid) => Number(pid, "Threads:");

    /// <summary>Open descriptors.</summary>
    public static int Descriptors(int pid) => Directory.GetFiles($"/proc/{pid}/fd").Length;

    private static long Number(int pid, string name) => long.Parse(
        File.ReadLines($"/proc/{pid}/status").First(line => line.StartsWith(name, StringComparison.Ordinal))
            .Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1]);
}
