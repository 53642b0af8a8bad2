using RegistryProxy.Configuration.Yaml;

namespace RegistryProxy.Configuration.Reading;

/// <summary>The parts of the file that this version knows and does not carry out: refused rather than ignored.</summary>
internal static class NotSupportedYet
{
    /// <summary>Reports the field when it is used.</summary>
    public static void Refuse(Field field)
    {
        if (field.IsPresent)
        {
            Refuse(field, "this");
        }
    }

    public static void Refuse(Field field, string what) => field.Fail($"{what} is not supported yet");
}
