using System.CommandLine;
using RegistryProxy.Configuration;

namespace RegistryProxy.ServiceDefaults.Commands;

/// <summary>Something that <c>check</c> does beyond reading the file, when its option is given.</summary>
public interface ICheckStep
{
    /// <summary>Options of <c>check</c> that belong to this step.</summary>
    IEnumerable<Option> Options { get; }

    /// <summary>Runs the step if it was asked for and prints its findings; <c>false</c> makes <c>check</c> exit 1.</summary>
    Task<bool> Run(ParseResult arguments, FrontDoorConfiguration configuration, CancellationToken cancellation);
}
