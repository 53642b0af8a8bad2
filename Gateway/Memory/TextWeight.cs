namespace RegistryProxy.Gateway.Memory;

/// <summary>What texts weigh in a <see cref="WeighedCache{TKey, TValue}"/>, in bytes.</summary>
internal static class TextWeight
{
    private const int Header = 32;

    public static long Of(string text) => Header + (2L * text.Length);
}
