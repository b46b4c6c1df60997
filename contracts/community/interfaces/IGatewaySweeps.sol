// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {SignedReading} from "./IEquipmentRegister.sol";

/// @notice One change of a gateway's word: what it stated from `changedAt` on.
struct Sweep {
    /// @notice Bit i: the device at seat i is outside its limits or unheard.
    uint256 word;
    /// @notice When the chain took the statement, unix seconds.
    uint40 changedAt;
    /// @notice Hour (block time / 3600) in which the word before this one was stated last.
    uint32 formerHour;
}

/// @title IGatewaySweeps
/// @notice Statements of gateways about 256 devices at once, and the bond that stands behind them.
interface IGatewaySweeps {
    event GatewayJoined(address indexed gateway, uint256 bond);
    event GatewayLeaving(address indexed gateway, uint40 withdrawableAt);
    event DeviceSeated(address indexed gateway, uint8 indexed seat, uint32 indexed device);
    event FleetSwept(address indexed gateway, uint256 word, bytes32 root, uint32 formerHour);
    event FleetUnchanged(address indexed gateway, bytes32 root);
    event GatewayExposed(address indexed gateway, uint32 indexed device, address indexed reporter, uint256 bond);
    event GatewayPaid(address indexed account, uint256 amount);

    /// @notice The account is no gateway in service, or already one.
    /// @dev Join with the bond; a gateway that left or was exposed joins under another account.
    error GatewayNotServing(address gateway);
    /// @notice The bond sent is not the bond asked for.
    /// @dev Send exactly the amount given.
    error GatewayBondWrong(uint256 sent, uint256 needed);
    /// @notice Only the device's owner gives it a seat at a gateway.
    /// @dev Call from the owner's account.
    error GatewayNotDeviceOwner(uint32 device, address caller);
    /// @notice The seat is taken by another device.
    /// @dev Choose a free seat.
    error GatewaySeatTaken(address gateway, uint8 seat);
    /// @notice The history given does not lead to the gateway's present head.
    /// @dev Rebuild it from the events FleetSwept, from the sweep in question to the last one.
    error GatewayHistoryWrong(address gateway);
    /// @notice The readings do not prove that this sweep hid a fault.
    /// @dev Needed: consecutive signed readings of a device seated there, all outside its limits, the first at least GRACE
    /// and the hold-off before a moment at which the word with the device's bit clear still stood, the last at or after it.
    error GatewayLieUnproven(address gateway, uint32 device);
    /// @notice There is nothing to withdraw yet.
    /// @dev Leave first, then wait until the time given.
    error GatewayNothingDue(address account, uint256 withdrawableAt);
    /// @notice The payment was refused by the recipient.
    /// @dev Withdraw to an account that accepts ETH.
    error GatewayPaymentFailed(address account);

    /// @notice Becomes a gateway: exactly BOND in ETH.
    function join() external payable;

    /// @notice Gives a device a seat at a gateway; the device's owner. The same seat again is refused until freed.
    function seat(address gateway, uint8 index, uint32 device) external;

    /// @notice States a new word about all seats.
    function sweep(uint256 word, bytes32 root) external;

    /// @notice States that nothing has changed since the last sweep. A gateway whose device went out and came back in
    /// between sends the same word through `sweep` instead.
    function repeatSweep(bytes32 root) external;

    /// @notice Proves that a sweep hid a fault, takes the bond: half to the caller, the rest to the device's owner.
    /// @param gateway The gateway.
    /// @param run Consecutive signed readings of one device, all outside.
    /// @param before Head of the chain before the sweep in question.
    /// @param history The sweep in question and all that followed, oldest first.
    function expose(address gateway, SignedReading[] calldata run, bytes32 before, Sweep[] calldata history) external;

    /// @notice Stops serving; the bond is withdrawable after EXPOSURE_WINDOW.
    function resign() external;

    /// @notice Withdraws the bond of a gateway that left, or a reward; to the caller.
    function withdraw() external;
}
