namespace RegistryProxy.Tests.Support;

/// <summary>How much of a long test runs: a seeded slice, or with <c>./test.sh --full</c> the whole number.</summary>
internal static class Sizes
{
    public static bool Full { get; } = Environment.GetEnvironmentVariable("REGISTRYPROXY_TESTS") == "full";

    public static int Of(int slice, int full) => Full ? full : slice;
}
