// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC165, IERC165} from "@openzeppelin/contracts/utils/introspection/ERC165.sol";
import {SSTORE2} from "solady/src/utils/SSTORE2.sol";
import {IERC7878} from "./interfaces/IERC7878.sol";
import {IWillObituaries} from "./interfaces/IWillObituaries.sol";
import {WillId, WillState, WillTerms} from "./interfaces/IWillRegistry.sol";
import {EstateVaultFactory} from "./EstateVaultFactory.sol";
import {WillRegistry} from "./WillRegistry.sol";

/// @title WillObituaries
/// @notice See {IWillObituaries}. It has no say: everything it tells is read from the registry, and the one act it carries
/// out, `bequeath`, is one that anybody may do there.
contract WillObituaries is IWillObituaries, ERC165 {
    /// @dev Bytes of the compact manifest: an heir, a guardian, a commitment, and salt and hash at its end.
    uint256 private constant HEIR_BYTES = 40;
    uint256 private constant GUARDIAN_BYTES = 60;
    uint256 private constant COMMITMENT_BYTES = 33;
    uint256 private constant TAIL_BYTES = 64;
    uint256 private constant ADDRESS_BYTES = 20;

    /// @notice Holds the wills.
    WillRegistry public immutable REGISTRY;
    /// @notice Makes the vaults.
    EstateVaultFactory public immutable VAULTS;

    /// @dev The number of the claim that was announced and not cancelled; 0 for none.
    mapping(address owner => uint16 claim) private _announced;

    constructor(WillRegistry registry) {
        REGISTRY = registry;
        VAULTS = registry.VAULTS();
    }

    // ------------------------------------------------------------------ read

    /// @inheritdoc IERC7878
    /// @dev The executors are known to the chain only where the testator chose a durable manifest; else the list is empty.
    function getWill(address owner) external view returns (address[] memory executors, uint256 moratoriumTTL) {
        WillId id = _idOf(owner);
        WillTerms memory terms = REGISTRY.termsOf(id);
        moratoriumTTL = uint256(terms.quorumWindowDays) * 1 days;
        (uint16 version, ) = REGISTRY.versionOf(id);
        address pointer = REGISTRY.manifestOf(id, version);
        if (pointer != address(0)) executors = _executorsIn(SSTORE2.read(pointer), terms);
    }

    /// @inheritdoc IERC7878
    function getObit(address owner) external view returns (address inheritor, int256 moratoriumTTL) {
        WillId id = _idOf(owner);
        (, uint40 windowEnd) = REGISTRY.clockOf(id);
        if (windowEnd == 0) return (address(0), 0);
        return (VAULTS.vaultOf(id), int256(uint256(windowEnd)) - int256(block.timestamp));
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) public view override returns (bool) {
        return interfaceId == type(IERC7878).interfaceId || super.supportsInterface(interfaceId);
    }

    // ------------------------------------------------------------------ write

    /// @inheritdoc IERC7878
    function setWill(address[] memory, uint256) external view {
        revert ObituaryWillElsewhere(msg.sender);
    }

    /// @inheritdoc IWillObituaries
    function announceObit(address owner, address inheritor) external {
        WillId id = _idOf(owner);
        if (REGISTRY.stateOf(id) != WillState.Claimed) revert ObituaryNotClaimed(owner);
        address vault = VAULTS.vaultOf(id);
        if (inheritor != vault) revert ObituaryInheritorWrong(inheritor, vault);
        (, , , uint16 claim) = REGISTRY.progressOf(id);
        if (_announced[owner] == claim) revert ObituaryAlreadyAnnounced(owner, claim);
        _announced[owner] = claim;
        emit ObituaryStarted(owner, vault);
    }

    /// @inheritdoc IERC7878
    function cancelObit(address owner) external {
        uint16 announced = _announced[owner];
        if (announced == 0) revert ObituaryNotAnnounced(owner);
        WillId id = _idOf(owner);
        (, uint40 windowEnd) = REGISTRY.clockOf(id);
        (, , , uint16 claim) = REGISTRY.progressOf(id);
        if (windowEnd != 0 && claim == announced) revert ObituaryStands(owner);
        delete _announced[owner];
        emit ObituaryCancelled(owner, msg.sender);
    }

    /// @inheritdoc IERC7878
    /// @dev Releases the will, and makes its vault where there is none yet; from there heirs claim.
    function bequeath(address owner) external {
        WillId id = _idOf(owner);
        REGISTRY.finalise(id);
        if (VAULTS.vaultOf(id).code.length == 0) VAULTS.createVault(id);
    }

    // ------------------------------------------------------------------ internal

    function _idOf(address owner) private pure returns (WillId) {
        return WillId.wrap(bytes32(bytes20(owner)));
    }

    /// @dev Executors stand behind heirs and guardians; their number follows from the length. A manifest of another form
    /// gives an empty list.
    function _executorsIn(
        bytes memory manifest,
        WillTerms memory terms
    ) private pure returns (address[] memory executors) {
        uint256 before = terms.heirs * HEIR_BYTES + terms.guardians * GUARDIAN_BYTES;
        uint256 commitments = uint256(terms.heirs) + terms.threshold * (terms.escrow ? 2 : 1);
        uint256 rest = before + commitments * COMMITMENT_BYTES + TAIL_BYTES;
        if (manifest.length < rest || (manifest.length - rest) % ADDRESS_BYTES != 0) return executors;
        executors = new address[]((manifest.length - rest) / ADDRESS_BYTES);
        for (uint256 i = 0; i < executors.length; ++i) {
            uint160 account = 0;
            for (uint256 j = 0; j < ADDRESS_BYTES; ++j)
                account = (account << 8) | uint8(manifest[before + i * ADDRESS_BYTES + j]);
            executors[i] = address(account);
        }
    }
}
