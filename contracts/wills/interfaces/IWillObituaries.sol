// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC7878} from "./IERC7878.sol";

/// @title IWillObituaries
/// @notice Shows wills to software that speaks ERC-7878. It mirrors the registry and decides nothing: it knows each
/// owner's will number 0, and its inheritor is the estate's vault, which pays everybody by the will itself.
interface IWillObituaries is IERC7878 {
    /// @notice Wills are not made here.
    /// @dev Seal the will with the registry's `create`; a list of executors is not a will.
    error ObituaryWillElsewhere(address owner);
    /// @notice Nobody has claimed the owner's death in the registry.
    /// @dev Registrars (`claimDeath`) or an executor (`claimOverdue`) claim it there; this is only the announcement.
    error ObituaryNotClaimed(address owner);
    /// @notice This claim is announced already.
    /// @dev Nothing to do.
    error ObituaryAlreadyAnnounced(address owner, uint16 claim);
    /// @notice The only inheritor is the estate's vault.
    /// @dev Pass `vault`; heirs are paid by the vault, in their parts.
    error ObituaryInheritorWrong(address inheritor, address vault);
    /// @notice No obituary is announced, or it is cancelled already.
    /// @dev Nothing to do.
    error ObituaryNotAnnounced(address owner);
    /// @notice The claim stands: only who may veto it in the registry can cancel it.
    /// @dev The testator calls the registry's `veto` or `heartbeat`, or uses the veto key.
    error ObituaryStands(address owner);

    /// @notice Announces a claim the registry holds. Anyone may.
    /// @inheritdoc IERC7878
    function announceObit(address owner, address inheritor) external;
}
