// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Curve} from "../../foundation/libraries/DeviceSignatures.sol";
import {DeviceProfile, DeviceState, DeviceStatus} from "../libraries/DeviceWords.sol";

/// @notice A device key; a secp256k1 key is its account in `x` with `y` zero.
struct DeviceKey {
    Curve curve;
    bytes32 x;
    bytes32 y;
}

/// @notice The three of whom two must agree.
struct DeviceParties {
    address owner;
    address installer;
    address manufacturer;
}

/// @notice Everything that is fixed when a device is installed.
struct Installation {
    DeviceKey key;
    /// @notice Digest of the model's name.
    bytes32 model;
    /// @notice Hash of the firmware the device runs.
    bytes32 firmware;
    /// @notice Limits and routing; `firmware` and `p256` inside are filled by the register.
    DeviceProfile profile;
    DeviceParties parties;
    /// @notice Until when the signatures may be used, unix seconds.
    uint40 deadline;
}

/// @notice Signatures of the parties over one digest; empty means not given.
struct Approvals {
    uint40 deadline;
    bytes owner;
    bytes installer;
    bytes manufacturer;
}

/// @notice One measurement: device 32 | counter 32 | observedAt 32 | value 32 (two's complement), most significant first.
type Reading is uint128;

/// @notice A measurement with the device's signature over `Reading(device,counter,observedAt,value,firmware)`.
struct SignedReading {
    Reading reading;
    /// @notice secp256k1: r; P-256: r.
    bytes32 a;
    /// @notice secp256k1: vs of EIP-2098; P-256: s, in the low half.
    bytes32 b;
}

/// @notice What a run of consecutive signed readings proves.
struct ReadingRun {
    uint32 device;
    uint32 firstAt;
    uint32 lastAt;
    /// @notice Every value is within the limits by the hysteresis band.
    bool allInside;
    /// @notice Every value is outside the limits.
    bool allOutside;
    /// @notice The second sensor that must agree; 0: none needed.
    uint32 partner;
}

/// @title IEquipmentRegister
/// @notice Devices of a community, their keys and limits, and what they say of themselves.
/// @dev Anyone may carry a signed reading here; only the device's key can make one.
interface IEquipmentRegister {
    event DeviceInstalled(
        uint32 indexed device,
        address indexed key,
        bytes32 model,
        bytes32 firmware,
        DeviceParties parties
    );
    event DeviceAdjusted(uint32 indexed device, DeviceProfile profile);
    event FirmwareUpdated(uint32 indexed device, bytes32 firmware);
    event DeviceKeyProposed(uint32 indexed device, address indexed key, uint40 readyAt);
    event DeviceKeyCancelled(uint32 indexed device, address indexed by);
    event DeviceKeyChanged(uint32 indexed device, address indexed key);
    event DeviceRetired(uint32 indexed device);
    /// @param reading Device, counter, observedAt and value, packed as the device signed them.
    event ReadingAccepted(uint32 indexed device, Reading reading, DeviceStatus status);
    event DeviceWentOffline(uint32 indexed device, uint32 lastSeenAt);

    /// @notice The signatures were to be used before this deadline.
    /// @dev Ask the parties to sign again with a later deadline.
    error EquipmentDeadlinePassed(uint40 deadline);
    /// @notice Fewer than two of owner, installer and manufacturer approved this.
    /// @dev Collect a second signature over exactly this digest, or check who signed what.
    error EquipmentTwoOfThreeMissing(uint256 approvals);
    /// @notice The installer or the manufacturer holds no valid credential.
    /// @dev Have the credential issued or renewed, then install.
    error EquipmentPartyNotCredentialed(address party);
    /// @notice The key cannot be a key of its curve, or did not sign for itself.
    /// @dev Read the key from the device again and let it sign this very digest.
    error EquipmentKeyUnproven(bytes32 x);
    /// @notice This key already belongs to a device, now or in the past.
    /// @dev Every device needs its own key; make a new pair on the device.
    error EquipmentKeyTaken(address key);
    /// @notice The manufacturer did not sign this firmware for this key or device.
    /// @dev Ask the manufacturer for a certificate over exactly this key, model and firmware.
    error EquipmentFirmwareUnsigned(bytes32 firmware);
    /// @notice Limits that no value satisfies, or a critical device without an independent partner.
    /// @dev Keep low + band <= high - band; name an installed partner other than the device itself.
    error EquipmentProfileInvalid();
    /// @notice There is no such device in service.
    /// @dev Check the device number; a retired device stays retired.
    error EquipmentDeviceUnknown(uint32 device);
    /// @notice The signature is not the device's over this reading with its approved firmware.
    /// @dev Check key and firmware of the device; readings of the former key end with it.
    error EquipmentReadingUnsigned(uint32 device, uint32 counter);
    /// @notice A reading with this counter or a later one was already taken, or its time runs backwards.
    /// @dev Nothing to do: the register already knows more.
    error EquipmentReadingStale(uint32 device, uint32 counter);
    /// @notice The reading is dated in the future.
    /// @dev Set the device's clock; at most a minute ahead of the chain is accepted.
    error EquipmentReadingFromFuture(uint32 device, uint32 observedAt);
    /// @notice The readings are not consecutive readings of one device.
    /// @dev Send readings of one device in order, counters without a gap.
    error EquipmentRunBroken(uint256 index);
    /// @notice The device was heard recently enough, is offline already, or promised no heartbeat.
    /// @dev Try again after the time given.
    error EquipmentNotOverdue(uint32 device, uint256 overdueAfter);
    /// @notice No key change is waiting, or its delay is not over.
    /// @dev Propose one, or wait until the time given.
    error EquipmentKeyChangeNotReady(uint32 device, uint40 readyAt);
    /// @notice The caller is none of the device's three parties.
    /// @dev Call from the owner, the installer or the manufacturer.
    error EquipmentNotAParty(address caller);

    /// @notice How many devices were ever installed; numbers run from 1.
    function deviceCount() external view returns (uint32);

    /// @notice State of a device.
    function stateOf(uint32 device) external view returns (DeviceState memory);

    /// @notice Limits and routing of a device.
    function profileOf(uint32 device) external view returns (DeviceProfile memory);

    /// @notice Owner, installer and manufacturer of a device.
    function partiesOf(uint32 device) external view returns (DeviceParties memory);

    /// @notice Sequence number that the next approval of the parties must carry.
    function sequenceOf(uint32 device) external view returns (uint64);

    /// @notice The digest a device signs for a reading.
    function readingDigest(
        uint32 device,
        uint32 counter,
        uint32 observedAt,
        int32 value
    ) external view returns (bytes32);

    /// @notice What a run of consecutive signed readings proves; changes nothing.
    function checkRun(SignedReading[] calldata run) external view returns (ReadingRun memory);

    /// @notice Installs a device: the key signs for itself, the manufacturer for key, model and firmware, two of three agree.
    /// @param installation What is installed.
    /// @param a First half of the device's signature over the installation.
    /// @param b Second half.
    /// @param certificate The manufacturer's signature over `FactoryCertificate(curve,x,y,model,firmware)`.
    /// @param approvals Signatures of the parties over the installation; its deadline is the installation's.
    function install(
        Installation calldata installation,
        bytes32 a,
        bytes32 b,
        bytes calldata certificate,
        Approvals calldata approvals
    ) external returns (uint32 device);

    /// @notice Changes limits, crew and partner; two of three.
    function adjust(uint32 device, DeviceProfile calldata profile, Approvals calldata approvals) external;

    /// @notice Approves new firmware; the manufacturer's signature.
    function updateFirmware(
        uint32 device,
        bytes32 firmware,
        uint40 deadline,
        bytes calldata manufacturerSignature
    ) external;

    /// @notice Announces a new key; two of three, and the new key signs for itself. Takes effect after REKEY_DELAY.
    function proposeKey(
        uint32 device,
        DeviceKey calldata key,
        bytes32 a,
        bytes32 b,
        Approvals calldata approvals
    ) external;

    /// @notice Withdraws an announced key; any one of the three.
    function cancelKey(uint32 device) external;

    /// @notice Makes an announced key the device's key; anyone, once the delay is over.
    function applyKey(uint32 device) external;

    /// @notice Takes a device out of service; two of three.
    function retire(uint32 device, Approvals calldata approvals) external;

    /// @notice Takes one signed reading; anyone may bring it.
    /// @return status How the device is doing now.
    /// @return crew The crew that repairs it.
    function record(SignedReading calldata signed) external returns (DeviceStatus status, uint16 crew);

    /// @notice Takes many; those that are stale, unsigned or unknown are passed over.
    /// @return accepted How many were taken.
    function submitBatch(SignedReading[] calldata readings) external returns (uint256 accepted);

    /// @notice Checks a run and takes what of it is new.
    function submitRun(SignedReading[] calldata run) external returns (ReadingRun memory);

    /// @notice Marks a device that has been silent for longer than its heartbeat gap; anyone.
    function markOffline(uint32 device) external;
}
