using System.Text;

namespace RegistryProxy.NodeAgent.Installation.Plans;

/// <summary>Whether a program holds a text: it can be told without running a program of another root.</summary>
internal static class ProgramText
{
    private const int Chunk = 1024 * 1024;

    private static ReadOnlySpan<byte> Elf => "\u007fELF"u8;

    /// <summary>Whether it is no script.</summary>
    public static bool IsCompiled(string path)
    {
        Span<byte> start = stackalloc byte[Elf.Length];
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read);
        return file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) == start.Length && start.SequenceEqual(Elf);
    }

    public static bool Contains(string path, string text)
    {
        var wanted = Encoding.ASCII.GetBytes(text);
        var buffer = new byte[Chunk + wanted.Length];
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read);
        var kept = 0;
        while (file.Read(buffer, kept, Chunk) is > 0 and var read)
        {
            var filled = buffer.AsSpan(0, kept + read);
            if (filled.IndexOf(wanted) >= 0)
            {
                return true;
            }

            kept = Math.Min(wanted.Length - 1, filled.Length);
            filled[^kept..].CopyTo(buffer);
        }

        return false;
    }
}
