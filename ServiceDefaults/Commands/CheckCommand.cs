using System.CommandLine;
using RegistryProxy.Configuration;
using RegistryProxy.Configuration.Reading;

namespace RegistryProxy.ServiceDefaults.Commands;

/// <summary>
/// <c>check</c>: reads a configuration file, prints every error and warning, exits 1 if there is any error, or with <c>--strict</c> any
/// warning.
/// </summary>
internal static class CheckCommand
{
    /// <summary>So many files with errors are named in the last line.</summary>
    private const int NamedFiles = 10;

    public static Command Create(Option<string?> config, ConfigurationPart part, IReadOnlyList<ICheckStep> steps)
    {
        var check = new Command("check", "Checks a configuration file and prints every error with its line");
        var strict = new Option<bool>("--strict") { Description = "Treats warnings as errors" };
        check.Options.Add(strict);
        foreach (var option in steps.SelectMany(step => step.Options))
        {
            check.Options.Add(option);
        }

        check.SetAction(async (arguments, cancellation) =>
        {
            if ((arguments.GetValue(config) ?? HostCommand.ConfigOfEnvironment) is not { Length: > 0 } path)
            {
                Console.Error.WriteLine($"check needs --config FILE, or {HostCommand.ConfigVariable}");
                return 1;
            }

            var result = ConfigurationFile.Read(path, part);
            foreach (var warning in result.Warnings)
            {
                HostOutput.Warn(warning.ToWarning());
            }

            var errors = result.AllErrors.ToList();
            foreach (var error in errors)
            {
                Console.Error.WriteLine(error);
            }

            if (result.Snapshot is not { } snapshot || errors.Count > 0)
            {
                Console.Error.WriteLine(
                    $"{errors.Count} error(s) in {string.Join(", ", errors.Select(error => error.File).Distinct().Take(NamedFiles))}");
                return 1;
            }

            var configuration = snapshot.Configuration;
            Console.WriteLine(
                $"{path} is good{(snapshot.Parts.Count > 0 ? $", with {snapshot.Parts.Count} file(s) beside it" : "")}: " +
                $"version {snapshot.Version}, {configuration.Tenants.Count} " +
                $"tenant(s), {configuration.Upstreams.Count} upstream(s), {configuration.Authenticators.Count} authenticator(s)");
            foreach (var tenant in configuration.Tenants.Values.Where(tenant => tenant.IsManaged))
            {
                Console.WriteLine($"tenant '{tenant.Name}' is managed: its part is in the state and was not checked");
            }

            var good = !arguments.GetValue(strict) || result.Warnings.Count == 0;
            if (!good)
            {
                Console.Error.WriteLine($"{result.Warnings.Count} warning(s) in {path}, which --strict takes for errors");
            }

            foreach (var step in steps)
            {
                good &= await step.Run(arguments, configuration, cancellation);
            }

            return good ? 0 : 1;
        });
        return check;
    }
}
